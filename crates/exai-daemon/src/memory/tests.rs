use exai_journal::{ModelDisk, ModelStore, Pace};
use exai_wire::JournalId;

use super::*;

fn memory(disk: &ModelDisk) -> KeptMemory {
    let store = ModelStore::open(JournalId::from_bytes([1; 16]), disk, Pace::AtOnce);
    KeptMemory::in_journal(Arc::new(store.memos()))
}

#[test]
fn what_is_remembered_is_there_at_the_next_start_unless_its_time_is_over() {
    let disk = ModelDisk::default();
    let what = |until: Duration| Remembered { until, body: "{}".to_owned() };
    let (later, long_ago) =
        (Duration::from_millis(wall_ms()) + Duration::from_secs(3600), Duration::from_secs(9));
    let first = memory(&disk);
    first.put("a", Some(what(later)));
    first.put("b", Some(what(long_ago)));
    first.put("c", Some(what(later)));
    first.put("c", None);
    let second = memory(&disk);
    assert_eq!(second.all(), [("a".to_owned(), what(later))]);
    assert_eq!(memory(&disk).0.all().unwrap().len(), 1, "the old one is removed");
}
