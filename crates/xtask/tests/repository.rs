//! This repository keeps the rules of the house.

use xtask::repo::Repo;
use xtask::tidy;

#[test]
fn the_repository_is_tidy() {
    let repo = Repo::load(&Repo::root()).unwrap();
    assert!(repo.exists("crates/xtask/src/lib.rs"), "not the repository: {}", Repo::root().display());
    let findings = tidy::all(&repo);
    let list: String = findings.iter().map(|finding| format!("{finding}\n")).collect();
    assert!(findings.is_empty(), "cargo xtask tidy:\n{list}");
}

#[test]
fn both_images_are_alike() {
    let repo = Repo::load(&Repo::root()).unwrap();
    let [staged, prebuilt] = ["Dockerfile", "Dockerfile.prebuilt"].map(|path| {
        let (_, image) = repo.text(path).unwrap().split_once("from here on.\n").unwrap();
        image.to_owned()
    });
    assert!(staged.contains("USER 65532:65532"), "{staged}");
    assert_eq!(staged, prebuilt);
}
