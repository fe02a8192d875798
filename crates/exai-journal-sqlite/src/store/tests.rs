use std::sync::mpsc::sync_channel;

use super::*;

#[test]
fn a_thread_that_panics_is_fatal_whichever_it_is() {
    let (cry, fatal) = sync_channel(1);
    let cry = move |why: &str| cry.send(why.to_owned()).unwrap();
    let shared = Arc::new(Shared::new(|| {}, |_| {}, cry));
    let place = Place::in_dir(Path::new("/state"));
    let thread = spawn("exai-journal-reader", &place, guarded(&shared, || panic!("a defect"))).unwrap();
    assert!(thread.join().is_err());
    assert!(fatal.try_recv().unwrap().contains("panicked"));

    let thread = spawn("exai-journal", &place, guarded(&shared, || {})).unwrap();
    thread.join().unwrap();
    assert!(fatal.try_recv().is_err());
}
