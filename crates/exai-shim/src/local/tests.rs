use exai_wire::RejectCode;

use super::*;

fn told(link: &Link) -> String {
    let report = Report {
        version: "1.2.3",
        age: Duration::from_secs(5),
        address: "127.0.0.1:1",
        link,
        open_calls: 0,
        start: "Start it.",
    };
    report.text(LocalTool::Status, Duration::from_secs(9))
}

#[test]
fn how_to_start_a_daemon_is_told_where_none_answers_and_nowhere_else() {
    let down = Link::Down {
        since: Duration::from_secs(2),
        last_error: "refused".to_owned(),
        dials: 3,
        silent: false,
    };
    assert!(told(&down).ends_with("refused\nStart it."), "{}", told(&down));
    let code = RejectCode::Auth;
    let rejected = Link::Rejected { code, message: "the token is wrong".to_owned() };
    assert!(told(&rejected).ends_with("the token is wrong"), "{}", told(&rejected));
}
