//! Providers' own lists of models: when they are asked for, and what they change.

use super::world::*;
use crate::*;

const GONE: &str = r#"{"error":{"type":"resource_not_found_error","message":"no such model"}}"#;

fn list(ids: &[&str]) -> Answer {
    let entries: Vec<String> = ids.iter().map(|id| format!(r#"{{"id":"{id}"}}"#)).collect();
    status(200, &format!(r#"{{"object":"list","data":[{}]}}"#, entries.join(",")))
}

/// Runs the discovery beside a call, or beside nothing, for so many seconds.
async fn discover(world: &World, seconds: u32) {
    let time = tokio::time::sleep(S * seconds);
    tokio::select! {
        never = world.providers.keep_discovering() => match never {},
        () = time => {}
    }
}

fn script(world: &World, answers: Vec<Answer>) {
    *world.net.lists.lock().unwrap() = answers.into();
}

fn asked(world: &World) -> Vec<(String, u64)> {
    let asked = world.net.lists_asked.lock().unwrap();
    asked.iter().map(|(provider, at, _)| (provider.clone(), *at)).collect()
}

fn names(world: &World) -> Vec<String> {
    world.providers.models().iter().filter(|model| model.found).map(|model| model.id.clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_list_adds_models_that_are_asked_by_name_and_by_nobody_else() {
    let world = World::with(vec![], vec![says("new"), says("new")], |config| config.providers.swap(0, 1));
    script(&world, vec![list(&["kimi-new", "kimi-fast"])]);
    assert!(world.ask(Some("kimi-new"), 60).await.is_err());
    discover(&world, 10).await;
    assert_eq!(asked(&world), [("kimi".to_owned(), 2)], "GLM has no such list");
    let key = world.net.lists_asked.lock().unwrap()[0].2.clone();
    assert_eq!(key.as_deref(), Some("Bearer kimi-secret-key"));
    assert_eq!(names(&world), ["kimi-new"]);
    assert_eq!(world.ask(Some("kimi-new"), 60).await.unwrap().asked_model, "kimi-new");
    let default: Vec<String> =
        world.providers.models().iter().filter(|one| one.is_default).map(|one| one.id.clone()).collect();
    assert_eq!(default, ["kimi-fast"]);
    world.ask(None, 60).await.unwrap();
    assert_eq!(world.bodies()[1]["model"], "kimi-fast");
}

#[tokio::test(start_paused = true)]
async fn a_list_fills_in_what_nobody_has_written_and_changes_nothing_else() {
    let models = "[[model]]\nid = \"a\"\nprovider = \"kimi\"\n[[model]]\nid = \"b\"\nprovider = \"kimi\"\ncontext = 50\n";
    let world = World::knowing(models, vec![], vec![], |_| {});
    let text = r#"{"data":[
        {"id":"A","context_length":1000,"supports_image_in":true},
        {"id":"b","context_length":1000},
        {"id":"c","max_model_len":2000,"supports_reasoning":true}]}"#;
    script(&world, vec![status(200, text)]);
    discover(&world, 10).await;
    let told: Vec<_> =
        world.providers.models().into_iter().map(|one| (one.id, one.context, one.thinks, one.can)).collect();
    let expected = [
        ("a".to_owned(), 1000, false, vec![Capability::Vision]),
        ("b".to_owned(), 50, false, vec![]),
        ("c".to_owned(), 2000, true, vec![]),
    ];
    assert_eq!(told, expected);
}

#[tokio::test(start_paused = true)]
async fn nothing_that_comes_instead_of_a_list_changes_anything() {
    let mib = vec![b' '; (1 << 20) + 1];
    let head = |steps| Answer::Head(200, Vec::new(), steps);
    let long = head(vec![Do::Send(mib), Do::End]);
    let endless = head(vec![Do::Repeat(vec![b' '; 1 << 16], S / 100)]);
    let slow = head(vec![Do::Repeat(b" ".to_vec(), S)]);
    for bad in [
        Answer::Refused,
        Answer::Mute,
        status(401, r#"{"error":{"message":"who are you"}}"#),
        status(302, ""),
        status(200, "<html>gateway</html>"),
        status(200, ""),
        status(200, r#"{"data":"none"}"#),
        head(vec![Do::Hang]),
        head(vec![Do::Send(b"{\"data\":[".to_vec()), Do::Break]),
        long,
        endless,
        slow,
    ] {
        let what = format!("{bad:?}").chars().take(60).collect::<String>();
        let world = World::new(vec![], vec![says("as ever")]);
        script(&world, vec![bad, list(&["kimi-new"])]);
        discover(&world, 3500).await;
        assert_eq!((names(&world).len(), world.open()), (0, 0), "{what}");
        let health = world.providers.health();
        assert!(health.iter().all(|one| one.last_error.is_none() && one.in_flight == 0), "{what}");
        assert_eq!(world.ask(Some("kimi-fast"), 60).await.unwrap().text, "as ever");
        discover(&world, 10).await;
        assert_eq!(names(&world), ["kimi-new"], "{what}: asked again later");
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_is_asked_for_daily_and_an_hour_after_none() {
    let world = World::new(vec![], vec![]);
    script(&world, vec![status(500, ""), list(&["a"]), list(&["b"])]);
    discover(&world, 2 * 86_400).await;
    let at: Vec<u64> = asked(&world).iter().map(|(_, at)| *at).collect();
    assert_eq!(at, [2, 3602, 3602 + 86_400]);
    assert_eq!(names(&world), ["b"], "the newest list alone");
}

#[tokio::test(start_paused = true)]
async fn a_model_that_is_gone_has_the_list_asked_for_at_most_every_ten_minutes() {
    let refusals = [1, 2, 3].map(|_| status(404, GONE)).into();
    let world = World::new(vec![], refusals);
    script(&world, vec![list(&["kimi-fast"]), list(&["kimi-fast"]), list(&[])]);
    let calls = async {
        for seconds in [5, 1, 700] {
            tokio::time::sleep(S * seconds).await;
            assert_eq!(world.ask(Some("kimi-fast"), 60).await.unwrap_err().cause, Cause::ModelGone);
        }
        tokio::time::sleep(S * 1000).await;
    };
    tokio::select! {
        never = world.providers.keep_discovering() => match never {},
        () = calls => {}
    }
    let at: Vec<u64> = asked(&world).iter().map(|(_, at)| *at).collect();
    assert_eq!(at, [2, 602, 1202]);
}

#[tokio::test(start_paused = true)]
async fn a_gone_model_that_its_provider_lists_again_is_asked_again() {
    for (lists, asked_again) in [
        ([&["kimi-fast"][..], &[], &["kimi-fast"]], true),
        ([&["kimi-fast"], &["kimi-fast"], &["kimi-fast"]], false),
        ([&[], &[], &[]], false),
    ] {
        let kimi = if asked_again { vec![status(404, GONE), says("kimi")] } else { vec![status(404, GONE)] };
        let world = World::with(vec![says("glm"), says("glm")], kimi, |config| config.providers.swap(0, 1));
        script(&world, lists.into_iter().map(list).collect());
        let calls = async {
            tokio::time::sleep(S * 3).await;
            assert_eq!(world.ask(None, 60).await.unwrap().text, "glm");
            // Asked for the list because of that, and once more.
            tokio::time::sleep(S * 700).await;
            world.providers.layer.quarantine.put(0, "another", "", world.providers.layer.moment());
            tokio::time::sleep(S * 700).await;
            world.ask(None, 60).await.unwrap().text
        };
        let text = tokio::select! {
            never = world.providers.keep_discovering() => match never {},
            text = calls => text,
        };
        assert_eq!((asked(&world).len(), text == "kimi"), (3, asked_again), "{lists:?}");
    }
}

/// What is shown of one model is what the list shows of it, whichever way it is named.
#[tokio::test(start_paused = true)]
async fn what_is_told_of_the_model_that_a_name_means_is_what_the_list_tells_of_it() {
    let world = World::new(vec![], vec![]);
    script(&world, vec![list(&["kimi-new"])]);
    discover(&world, 10).await;
    let listed = world.providers.models();
    let default = listed.iter().find(|model| model.is_default).unwrap();
    for name in [None, Some("auto"), Some(" "), Some(default.id.as_str()), Some(default.provider.as_str())] {
        assert_eq!(world.providers.asked(name).as_ref(), Some(default), "{name:?}");
    }
    let found = world.providers.asked(Some("KIMI/kimi-new")).unwrap();
    assert!(found.found && !found.is_default);
    assert!(listed.contains(&found));
    assert_eq!(world.providers.asked(Some("glm/never-listed")).unwrap().context, 0);
    assert_eq!(world.providers.asked(Some("nobody-knows")), None);
    let keyless =
        World::with(vec![], vec![], |config| config.providers.iter_mut().for_each(|one| one.key = None));
    assert_eq!(keyless.providers.asked(None), None, "nobody can be asked");
}
