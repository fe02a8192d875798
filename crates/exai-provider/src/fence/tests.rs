use super::*;

fn is_open(text: &str) -> bool {
    Fence::open_at_end(text).is_some()
}

#[test]
fn a_fence_opens_and_a_bare_one_closes() {
    assert!(!is_open("plain"));
    assert!(is_open("look:\n```rust\nfn a() {"));
    assert!(!is_open("look:\n```rust\nfn a() {}\n```\n"));
    assert!(is_open("1. first\n   ```sh\n   ls\n"));
    assert!(is_open("~~~\na"));
    assert!(!is_open("~~~\na\n~~~"));
    assert!(!is_open("a ```word``` in prose\n```word```\n"));
}

#[test]
fn a_longer_fence_may_show_shorter_ones() {
    assert!(is_open("````md\n```rust\n```\n"));
    assert!(!is_open("````md\n```rust\n```\n````\n"));
    assert!(is_open("```\n~~~\n"));
    assert!(is_open("```rust\n```python\n"), "a fence with a word behind it ends nothing");
}

#[test]
fn the_same_block_is_opened_again_by_a_fence_with_a_word() {
    let open = Fence::open_at_end("```rust\nfn a() {").unwrap();
    assert!(open.is_opened_again_by("```rust") && open.is_opened_again_by(" ```rs"));
    assert!(!open.is_opened_again_by("```") && !open.is_opened_again_by("~~~rust"));
    assert!(!open.is_opened_again_by("fn a() {"));
}
