use super::{ConversationLimits, ConversationMemory, EXCHANGE_OVERHEAD_BYTES};
use crate::conversation::{ConversationId, Conversations, Exchange};

fn id(n: u8) -> ConversationId {
    ConversationId::from_random([n; 16])
}

fn exchange(prompt: &str) -> Exchange {
    Exchange {
        prompt: prompt.to_owned(),
        files: Vec::new(),
        system: None,
        model: None,
        answer: String::new(),
    }
}

fn prompts(memory: &ConversationMemory, id: ConversationId) -> Option<Vec<String>> {
    Some(memory.load(id)?.iter().map(|exchange| exchange.prompt.clone()).collect())
}

fn memory(conversations: usize, exchanges: usize, total: usize) -> ConversationMemory {
    let one = EXCHANGE_OVERHEAD_BYTES + 1;
    ConversationMemory::new(ConversationLimits {
        conversations,
        conversation_bytes: exchanges * one,
        total_bytes: total * one,
    })
}

#[test]
fn exchanges_come_back_in_order_and_unknown_ids_do_not() {
    let memory = memory(8, 8, 8);
    memory.append(id(1), exchange("a"));
    memory.append(id(1), exchange("b"));
    assert_eq!(prompts(&memory, id(1)).unwrap(), ["a", "b"]);
    assert_eq!(prompts(&memory, id(2)), None);
}

#[test]
fn a_long_conversation_loses_its_oldest_exchanges() {
    let memory = memory(8, 2, 8);
    for prompt in ["a", "b", "c"] {
        memory.append(id(1), exchange(prompt));
    }
    assert_eq!(prompts(&memory, id(1)).unwrap(), ["b", "c"]);
}

#[test]
fn an_exchange_larger_than_all_bounds_is_kept_alone() {
    let memory = memory(8, 2, 3);
    memory.append(id(1), exchange("a"));
    memory.append(id(2), exchange("b"));
    memory.append(id(2), exchange(&"x".repeat(100_000)));
    assert_eq!(memory.len(), 1);
    assert_eq!(prompts(&memory, id(2)).unwrap().len(), 1);
}

#[test]
fn the_conversation_unused_for_longest_goes_first() {
    for memory in [memory(2, 8, 100), memory(100, 8, 2)] {
        memory.append(id(1), exchange("a"));
        memory.append(id(2), exchange("b"));
        assert!(memory.load(id(1)).is_some());
        memory.append(id(3), exchange("c"));
        assert_eq!(prompts(&memory, id(2)), None);
        assert!(memory.load(id(1)).is_some() && memory.load(id(3)).is_some());
    }
}

#[test]
fn an_id_is_read_as_models_copy_it_and_hides_itself_in_logs() {
    let shown = id(0xab).to_string();
    assert_eq!(shown, "ab".repeat(16));
    assert_eq!(shown.parse(), Ok(id(0xab)));
    assert_eq!(" ABABABAB-abab-abab-abab-abababababab ".parse(), Ok(id(0xab)));
    for wrong in ["", "new", "ab", &format!("{shown}ab"), "+bababababababababababababababababa"] {
        assert!(wrong.parse::<ConversationId>().is_err(), "{wrong}");
    }
    assert!(!format!("{:?}", id(0xab)).contains("abababababab"));
}
