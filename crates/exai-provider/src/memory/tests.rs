use std::sync::Mutex;

use super::*;

/// A memory that outlives a layer.
#[derive(Default)]
pub(crate) struct Notebook(Mutex<BTreeMap<String, Remembered>>);

impl Memory for Notebook {
    fn all(&self) -> Vec<(String, Remembered)> {
        self.0.lock().unwrap().clone().into_iter().collect()
    }

    fn put(&self, name: &str, what: Option<Remembered>) {
        let mut notes = self.0.lock().unwrap();
        match what {
            Some(what) => drop(notes.insert(name.to_owned(), what)),
            None => drop(notes.remove(name)),
        }
    }
}

#[test]
fn an_account_and_its_models_are_told_from_others_and_from_what_is_over() {
    let memory = Notebook::default();
    let put = |name: &str, seconds| {
        let until = Duration::from_secs(seconds);
        memory.put(name, Some(Remembered { until, body: name.to_owned() }));
    };
    put(&account("0a1b2c3d", None), 100);
    put(&account("0a1b2c3d", Some("org/m")), 100);
    put(&account("0a1b2c3d", Some("over")), 9);
    put(&account("ffffffff", Some("m")), 100);
    put("spend/0a1b2c3d", 100);
    let recalled = Recalled::of(&memory, Duration::from_secs(10));
    let models: Vec<Option<&str>> = recalled.of_account("0a1b2c3d").map(|(model, _)| model).collect();
    assert_eq!(models, [None, Some("org/m")]);
}
