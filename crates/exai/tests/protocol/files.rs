//! The files that a call names are read by the shim, as the user who runs it.

use std::path::Path;

use exai_sim::host::{Host, Revision};
use serde_json::json;

use crate::world::{World, check};

fn refused(host: &Host, path: &Path, words: &[&str]) {
    let path = path.to_string_lossy();
    let answer = host.ask("chat", json!({"prompt": "read", "files": [path]})).unwrap();
    let text = answer.text().unwrap();
    assert!(answer.is_tool_error(), "{path}: {text}");
    for word in words.iter().chain([&&*path, &"Nothing was sent"]) {
        assert!(text.contains(*word), "{word:?} is not in: {text}");
    }
}

#[test]
fn a_file_that_can_t_be_used_is_named_with_the_reason_and_nothing_is_sent() {
    let world = World::new();
    let host = world.greeted(Revision::V2025_11_25);
    let home = world.exai.home();
    let write = |name: &str, bytes: &[u8]| {
        let path = home.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    };
    refused(&host, &home.join("no/such.txt"), &["does not exist"]);
    refused(&host, &write("large.txt", &vec![b'x'; (1 << 20) + 1]), &["too large", "1048577 bytes"]);
    refused(&host, &write("binary.bin", b"\x7fELF\0\0"), &["binary"]);
    refused(&host, &write("latin1.txt", b"caf\xe9"), &["UTF-8"]);
    refused(&host, home, &["directory"]);
    refused(&host, Path::new("relative.txt"), &["absolute"]);
    #[cfg(unix)]
    {
        refused(&host, Path::new("/etc/hostname"), &["outside", "EXAI_FILE_ROOTS"]);
        std::os::unix::fs::symlink("/etc/hostname", home.join("link.txt")).unwrap();
        refused(&host, &home.join("link.txt"), &["outside"]);
    }
    for secret in [".ssh/id_ed25519", ".env", "project/id_rsa", "project/server.pem", ".aws/credentials"] {
        refused(&host, &write(secret, b"-----BEGIN PRIVATE KEY-----"), &["never read"]);
    }
    refused(&host, &world.exai.state_dir().join("endpoint.json"), &["never read"]);
    assert_eq!(world.provider.requests().len(), 0);

    let good = write("good.txt", b"the only good one");
    let both = json!([good, home.join("no/such.txt"), home.join("binary.bin")]);
    let answer = host.ask("chat", json!({"prompt": "read", "files": both})).unwrap();
    let text = answer.text().unwrap();
    assert!(text.contains("2 of 3") && text.contains("such.txt") && text.contains("binary.bin"), "{text}");
    assert!(!text.contains("good.txt"), "{text}");
    assert_eq!(world.provider.requests().len(), 0);

    let answer = host.ask("chat", json!({"prompt": "read", "files": [good]})).unwrap();
    assert!(!answer.is_tool_error(), "{}", answer.line);
    let body = world.provider.requests()[0].body.to_string();
    assert!(body.contains("the only good one") && body.contains("good.txt"), "{body}");
    check(&host);
}

#[test]
fn roots_by_setting_are_the_only_ones() {
    let mut world = World::new();
    let home = world.exai.home().to_owned();
    for name in ["inside", "beside"] {
        std::fs::create_dir(home.join(name)).unwrap();
        std::fs::write(home.join(name).join("a.txt"), name).unwrap();
    }
    world.exai.set("EXAI_FILE_ROOTS", &home.join("inside").to_string_lossy());
    let host = world.greeted(Revision::V2025_11_25);
    refused(&host, &home.join("beside/a.txt"), &["outside", "inside"]);
    refused(&host, &home.join("inside/../beside/a.txt"), &["outside"]);
    let inside = home.join("inside/a.txt");
    assert!(!host.ask("chat", json!({"prompt": "read", "files": [inside]})).unwrap().is_tool_error());
    check(&host);
}
