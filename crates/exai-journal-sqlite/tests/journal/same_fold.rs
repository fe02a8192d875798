//! Whatever is written in whatever order, the disk and the model give the same calls to the next daemon.

use crate::world::*;
use exai_journal::{ModelDisk, Pace, Turns as _};
use exai_wire::{Record, SessionId};
use proptest::prelude::*;

/// Few calls, so that much happens to each.
fn record() -> impl Strategy<Value = Record> {
    let call = 0..5_u64;
    let text = prop::sample::select(vec!["", "a", "Grüße", "a longer piece of text"]);
    (call, 0..11_u8, 1..4_u32, 0..12_u64, text).prop_map(|(n, kind, attempt, offset, text)| match kind {
        0 | 1 => accepted(n),
        2 => started(n, attempt, offset),
        3 | 4 => partial(n, attempt, offset, text),
        5 => done_with(n, &format!("{text:?}")),
        6 => turn(n, key((n % 2) as u8), 1000 + n, &format!("{text:?}")),
        7 => acked(n),
        8 => buried(n),
        9 => Record::Failed { call_id: id(n), attempt, billed: offset % 2 == 0 },
        _ if attempt == 1 => forgotten(n),
        _ if attempt == 2 => Record::Cut { call_id: id(n), attempt },
        _ => Record::Detached { call_id: id(n), session: SessionId::from_bytes([attempt as u8; 16]) },
    })
}

/// What a daemon begins with, and the conversations it finds.
fn seen(world: &impl World) -> String {
    let mut desk = world.open();
    let mut calls = desk.calls();
    // Loads of calls that have ended need not be read.
    for asked in calls.iter_mut().filter(|call| call.ended.is_some()).filter_map(|call| call.asked.as_mut()) {
        asked.params = raw("null");
    }
    let turns = world.turns(&mut desk);
    let conversations: Vec<_> = (0..2).map(|n| turns.load(key(n)).unwrap()).collect();
    let ends: Vec<_> = (0..5).map(|n| desk.fetched(n)).collect();
    format!("{calls:#?}\n{conversations:#?}\n{ends:#?}")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_disk_and_the_model_give_the_same_calls(
        records in prop::collection::vec(record(), 1..60),
        group in 1..20_usize,
        crash in any::<bool>(),
    ) {
        let (disk, model) = (Disk::default(), Memory(ModelDisk::default(), Pace::AtOnce));
        let (mut on_disk, mut in_memory) = (disk.open(), model.open());
        for records in records.chunks(group) {
            // The last one does not wait for company.
            let records = records.iter().cloned().chain([started(1, 1, 0)]);
            prop_assert_eq!(on_disk.decide(records.clone()), in_memory.decide(records));
        }
        let found = if crash { seen(&disk.crashed()) } else { drop(on_disk); seen(&disk) };
        prop_assert_eq!(found, seen(&model));
        prop_assert!(model.0.list().unwrap().len() <= 2);
        prop_assert_eq!(disk.fatal.lock().unwrap().len(), 0);
    }
}
