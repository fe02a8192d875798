//! Bytes as they are: what goes out is what was given, in whatever form.

use super::*;

/// Head and body as they came, and the error that ended the connection, if one did.
fn response(client: &mut Client) -> (String, Vec<u8>, Option<std::io::ErrorKind>) {
    let head = client.until("\r\n\r\n");
    let mut body = Vec::new();
    let error = client.0.read_to_end(&mut body).err().map(|e| e.kind());
    (head, body, error)
}

/// The chunks of HTTP/1.1 in a body, and what comes behind the last.
fn chunks(mut body: &[u8]) -> (Vec<Vec<u8>>, Vec<u8>) {
    let mut chunks = Vec::new();
    while let Some(end) = body.windows(2).position(|pair| pair == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&body[..end]).unwrap(), 16).unwrap();
        let chunk = &body[end + 2..end + 2 + size];
        body = &body[end + 2 + size + 2..];
        if size == 0 {
            break;
        }
        chunks.push(chunk.to_vec());
    }
    (chunks, body.to_vec())
}

#[test]
fn a_raw_response_is_sent_as_it_is() {
    let provider = SimProvider::start().unwrap();
    provider.push(Script {
        reply: Reply::Raw(Raw {
            framing: RawFraming::Close,
            cuts: Cuts::At(vec![1, 4]),
            ..Raw::new("HTTP/1.1 299 Odd\r\nx-odd: 1\r\n", *b"\xff\r\n\0data")
        }),
        ..Script::default()
    });
    let (head, body, error) = response(&mut Client::ask(&provider, "glm", "hi"));
    assert_eq!(head, "HTTP/1.1 299 Odd\r\nx-odd: 1\r\nconnection: close\r\n\r\n");
    assert_eq!((body.as_slice(), error), (b"\xff\r\n\0data".as_slice(), None));
    let request = ended(&provider, End::Completed);
    assert_eq!((request.bytes, request.events), (8, 0));
}

#[test]
fn every_fixture_goes_out_byte_for_byte() {
    let provider = SimProvider::start().unwrap();
    for name in fixtures::names() {
        let bytes = fixtures::fixture(name).unwrap().bytes;
        for most in [1, 7, usize::MAX] {
            let ask = |framing: &str| {
                let words = format!("[[sim: fixture={name} bytes={most} framing={framing}]]");
                Client::ask(&provider, "glm", &words)
            };
            let (_, body, error) = response(&mut ask("close"));
            assert_eq!((body.as_slice(), error), (&*bytes, None), "{name}");

            let mut client = ask("length");
            let head = client.until("\r\n\r\n");
            assert!(head.ends_with(&format!("content-length: {}\r\n\r\n", bytes.len())), "{head}");
            let mut body = vec![0; bytes.len()];
            client.0.read_exact(&mut body).unwrap();
            assert_eq!(body, *bytes, "{name}");

            let mut client = ask("chunked");
            assert!(client.until("\r\n\r\n").ends_with("transfer-encoding: chunked\r\n\r\n"));
            let mut body = Vec::new();
            while !body.ends_with(b"\r\n0\r\n\r\n") {
                let mut byte = [0];
                client.0.read_exact(&mut byte).unwrap();
                body.push(byte[0]);
            }
            let (chunks, _) = chunks(&body);
            assert_eq!(chunks.concat(), *bytes, "{name}");
            let (last, others) = chunks.split_last().unwrap();
            assert!(last.len() <= most && others.iter().all(|chunk| chunk.len() == most), "{name}");
        }
    }
}

#[test]
fn a_raw_response_may_end_in_every_way() {
    let provider = SimProvider::start().unwrap();
    let ask =
        |words: &str| Client::ask(&provider, "glm", &format!("[[sim: fixture=glm/plain only=20 {words}]]"));
    let beginning = &fixtures::fixture("glm/plain").unwrap().bytes[..20];

    let (head, body, error) = response(&mut ask("framing=length cut=fin"));
    assert!(head.contains("content-length: 21\r\n"), "{head}");
    assert_eq!((body.as_slice(), error), (beginning, None));

    let (_, body, error) = response(&mut ask("framing=chunked cut=fin"));
    assert_eq!((chunks(&body).0.concat().as_slice(), error), (beginning, None));
    assert!(!body.ends_with(b"0\r\n\r\n"));

    let (head, body, error) = response(&mut ask("cut=close"));
    assert!(head.contains("connection: close\r\n"), "{head}");
    assert_eq!((body.as_slice(), error), (beginning, None));

    let (_, _, error) = response(&mut ask("cut=rst"));
    assert_eq!(error, Some(std::io::ErrorKind::ConnectionReset));

    let mut client = ask("framing=close stall");
    client.until(std::str::from_utf8(beginning).unwrap());
    let open = provider.requests().last().unwrap().clone();
    assert_eq!((open.is_open(), provider.open_sockets()), (true, 1));
    drop(client);
    let closed = ended(&provider, End::ClientClosed);
    assert_eq!((closed.number, closed.bytes), (open.number, 20));
}

#[test]
fn a_gap_stands_between_two_writes() {
    let provider = SimProvider::start().unwrap();
    let words = "[[sim: fixture=glm/plain only=3 bytes=1 gap=20ms framing=close]]";
    let began = std::time::Instant::now();
    let (_, body, _) = response(&mut Client::ask(&provider, "glm", words));
    assert_eq!(body, b"dat");
    assert!(began.elapsed() >= Duration::from_millis(40), "{:?}", began.elapsed());
}
