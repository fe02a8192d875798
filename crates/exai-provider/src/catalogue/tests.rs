mod listed;

use super::*;

#[test]
fn the_built_in_file_is_a_catalogue() {
    let catalogue = Catalogue::default().merge("models.toml", BUILTIN).unwrap();
    assert_eq!(catalogue, Catalogue::builtin());
    for provider in ["glm", "kimi"] {
        assert!(catalogue.first_of(provider).is_some());
    }
    for model in catalogue.models() {
        assert!(model.context > model.output_cap / 2 && model.output_cap > 0, "{}", model.id);
        for name in std::iter::once(&model.id).chain(&model.aliases) {
            assert_eq!(catalogue.models().iter().filter(|other| other.is_called(name)).count(), 1, "{name}");
        }
    }
}

#[test]
fn a_file_adds_models_and_changes_fields() {
    let own = r#"
[[model]]
id = "mine"
provider = "local"
idle = "local"
[[model]]
id = "a"
aliases = ["x"]
idle_floor_s = 45
first_event_floor_s = 7
price_out = 9.0
"#;
    let base = "[[model]]\nid = \"a\"\nprovider = \"p\"\ncontext = 1000\nprice_in = 1.0\nprice_out = 2.0\n";
    let catalogue = Catalogue::default().merge("base", base).unwrap().merge("own", own).unwrap();
    let a = catalogue.find("X").unwrap();
    assert_eq!((a.id.as_str(), a.context, a.idle_floor), ("a", 1000, Duration::from_secs(45)));
    assert_eq!(a.first_event_floor, Duration::from_secs(7));
    assert_eq!(a.price, Some(Price { input: 1.0, output: 9.0, cached: None }));
    let mine = catalogue.find("mine").unwrap();
    assert_eq!((mine.idle, mine.first_event_floor), (IdleClass::Local, Duration::from_secs(900)));
}

#[test]
fn errors_name_file_and_line() {
    for (text, line, part) in [
        ("[[model]]\nid = \"a\"\nprovider = \"p\"\n\n[[model]]\nid = \"b\"\n", 5, "`b` is new here"),
        ("[[model]]\nid = \"a\"\nprovider = \"p\"\ncontxt = 5\n", 4, "contxt"),
        ("[[model]]\nid = \"a\"\nprovider = \"p\"\nidle = \"slow\"\n", 4, "slow"),
        ("[[model]]\nid = 5\n", 2, "string"),
        ("[[model]\n", 1, ""),
        ("[[model]]\nid = \"a\"\nprovider = \"p\"\nprice_in = -1.0\n", 1, "numbers of 0 or more"),
        ("[[model]]\nid = \"a\"\nprovider = \"p\"\nprice_in = nan\n", 1, "numbers of 0 or more"),
        ("[[model]]\nid = \"a\"\nprovider = \"p\"\nprice_out = inf\n", 1, "numbers of 0 or more"),
        ("[[model]]\nid = \"a\"\nprovider = \"p\"\ntemperature_max = inf\n", 1, "numbers of 0 or more"),
    ] {
        let error = Catalogue::builtin().merge("/etc/own.toml", text).unwrap_err();
        assert_eq!((error.file.as_str(), error.line), ("/etc/own.toml", line), "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
}

const DOCS: &str = include_str!("../../../../docs/models.md");

#[test]
fn the_documented_example_is_a_catalogue() {
    let example = DOCS.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let builtin = Catalogue::builtin();
    let catalogue = builtin.clone().merge("docs/models.md", example).unwrap();
    let own = catalogue.find("qwen").unwrap();
    assert_eq!((own.provider.as_str(), own.context, own.idle), ("box", 40_960, IdleClass::Local));
    assert_eq!(catalogue.first_of("box"), Some(own));
    let (before, after) = (builtin.find("glm-5.3").unwrap(), catalogue.find("glm-5.3").unwrap());
    assert_eq!((after.context, after.idle_floor), (before.context, Duration::from_secs(900)));
}

#[test]
fn every_field_is_documented() {
    let error = Catalogue::default().merge("f", "[[model]]\nno_such_field = 1\n").unwrap_err().message;
    let known: Vec<&str> = error.split('`').skip(3).step_by(2).collect();
    assert!(known.len() >= 13 && known.contains(&"id"), "{error}");
    let table: String = DOCS.lines().filter(|line| line.starts_with("| `")).collect();
    for field in known {
        assert!(table.contains(&format!("`{field}`")), "{field}");
    }
}

#[test]
fn how_a_model_goes_on_can_be_set() {
    let text = "[[model]]\nid = \"a\"\nprovider = \"box\"\nprefix = \"vllm\"\n[[model]]\nid = \"b\"\nprovider = \"box\"\n";
    let catalogue = Catalogue::default().merge("f", text).unwrap();
    let prefix = |id| catalogue.find(id).unwrap().prefix;
    assert_eq!((prefix("a"), prefix("b")), (Some(Prefix::Vllm), None));
    assert!(Catalogue::default().merge("f", &text.replace("vllm", "often")).is_err());
}
