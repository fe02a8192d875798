use super::*;

fn before(n: u32, model: &str, fate: Fate) -> Before {
    let provider = if model.is_empty() { "" } else { "glm" };
    Before { n, provider: provider.to_owned(), model: model.to_owned(), fate }
}

#[test]
fn each_is_told_by_name_and_by_what_became_of_it() {
    assert_eq!(told(&before(1, "glm-4.6", Fate::Lost)), "#1 glm-4.6 (glm) lost when the daemon ended");
    assert_eq!(told(&before(2, "glm-4.6", Fate::Cut)), "#2 glm-4.6 (glm) cut by a restart");
    assert_eq!(told(&before(2, "glm-4.6", Fate::Left)), "#2 glm-4.6 (glm) broken off when nobody waited");
    assert_eq!(told(&before(2, "glm-4.6", Fate::Failed)), "#2 glm-4.6 (glm) failed");
    assert_eq!(told(&before(1, "", Fate::Lost)), "#1 lost when the daemon ended, if it had begun");
}

#[test]
fn a_failure_begins_with_what_they_may_have_cost() {
    assert_eq!(sentence(&[]), "");
    assert_eq!(
        sentence(&[before(1, "glm-4.6", Fate::Cut)]),
        "An attempt of this call (glm-4.6 (glm)) was cut by a restart of the daemon, and may have been billed. "
    );
    assert_eq!(
        sentence(&[before(1, "glm-4.6", Fate::Lost), before(2, "", Fate::Lost)]),
        "2 attempts of this call (glm-4.6 (glm)) were lost when the daemon ended; up to 2 may have been billed. "
    );
    assert_eq!(
        sentence(&[before(1, "glm-4.6", Fate::Failed), before(2, "glm-4.6", Fate::Lost)]),
        "2 attempts of this call (glm-4.6 (glm), glm-4.6 (glm)) were made before the daemon ended or was restarted; \
         up to 2 may have been billed. "
    );
}
