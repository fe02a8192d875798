use super::*;

#[test]
fn pieces_are_the_whole_and_none_is_empty() {
    let bytes = b"abcdefg";
    let pieces = |cuts: Cuts| {
        let pieces = cuts.pieces(bytes);
        assert_eq!(pieces.concat(), bytes);
        pieces.iter().map(|piece| piece.len()).collect::<Vec<_>>()
    };
    assert_eq!(pieces(Cuts::None), [7]);
    assert_eq!(pieces(Cuts::Every(0)), [1; 7]);
    assert_eq!(pieces(Cuts::Every(3)), [3, 3, 1]);
    assert_eq!(pieces(Cuts::Every(8)), [7]);
    assert_eq!(pieces(Cuts::At(vec![5, 0, 2, 2, 7, 9])), [2, 3, 2]);
    assert_eq!(pieces(Cuts::At(Vec::new())), [7]);
    for cuts in [Cuts::None, Cuts::Every(1), Cuts::At(vec![0, 3])] {
        assert!(cuts.pieces(b"").is_empty());
    }
}
