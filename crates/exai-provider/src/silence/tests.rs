use super::*;

const S: Duration = Duration::from_secs(1);

#[test]
fn it_is_told_ever_more_seldom() {
    let mut silence = Silence::new(100 * S);
    assert_eq!(silence.next_telling(), 110 * S);
    let told: Vec<u32> = (100..500).filter(|now| silence.tell(*now * S).is_some()).collect();
    assert_eq!(told, [110, 120, 140, 180, 260, 420]);
}

#[test]
fn a_late_look_tells_once() {
    let mut silence = Silence::new(Duration::ZERO);
    assert_eq!((silence.tell(100 * S), silence.tell(101 * S)), (Some(100 * S), None));
    assert_eq!(silence.next_telling(), 200 * S);
}
