//! Two processes in the places of shim and daemon that do nothing but hand a question on, each as cheaply as can be: what a
//! machine takes for the way itself.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

use anyhow::Context as _;

use super::floor::{id_in, write_answer};
use crate::process::HANG;

/// In the shim's place: lines of stdin go to this address, and what comes from there to stdout.
///
/// # Errors
/// It can't be reached, or goes away.
pub fn near(address: SocketAddr) -> anyhow::Result<()> {
    let mut far = connect(address)?;
    let mut back = far.try_clone()?;
    std::thread::Builder::new().name("back".into()).spawn(move || {
        let mut output = std::io::stdout().lock();
        let mut buffer = [0; 4096];
        while let Ok(count) = back.read(&mut buffer)
            && count > 0
            && buffer.get(..count).is_some_and(|bytes| output.write_all(bytes).is_ok())
            && output.flush().is_ok()
        {}
    })?;
    let mut input = std::io::stdin().lock();
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 {
        far.write_all(&line)?;
        line.clear();
    }
    Ok(())
}

/// In the daemon's place: tells its port in a line of stdout, takes one connection, and asks this provider for each line that
/// comes, one after the other. The question is the prompt that it is given at its start, whatever a line says.
///
/// # Errors
/// The provider can't be reached, or goes away.
pub fn far(provider: SocketAddr, prompt: &str) -> anyhow::Result<()> {
    let mut asker = Asker::connect(provider, prompt)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    writeln!(std::io::stdout(), "{}", listener.local_addr()?.port())?;
    let (mut near, _) = listener.accept()?;
    near.set_nodelay(true)?;
    let mut input = BufReader::new(near.try_clone()?);
    let (mut line, mut answer) = (Vec::new(), Vec::new());
    while input.read_until(b'\n', &mut line)? > 0 {
        if let Some(id) = id_in(&line) {
            asker.ask()?;
            answer.clear();
            write_answer(&mut answer, id)?;
            near.write_all(&answer)?;
        }
        line.clear();
    }
    Ok(())
}

/// A client that asks one question over one connection that it keeps open, and does nothing with the answers but read them to
/// their end.
#[derive(Debug)]
pub(super) struct Asker {
    request: String,
    stream: TcpStream,
    answers: BufReader<TcpStream>,
}

impl Asker {
    pub(super) fn connect(provider: SocketAddr, prompt: &str) -> anyhow::Result<Self> {
        let body = format!(
            r#"{{"model":"sim-model","stream":true,"messages":[{{"role":"user","content":"{prompt}"}}]}}"#
        );
        let request = format!(
            "POST /glm/v1/chat/completions HTTP/1.1\r\nhost: {provider}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let stream = connect(provider)?;
        stream.set_read_timeout(Some(HANG))?;
        let answers = BufReader::new(stream.try_clone()?);
        Ok(Self { request, stream, answers })
    }

    /// Asks, and reads a head and a chunked body.
    pub(super) fn ask(&mut self) -> anyhow::Result<()> {
        self.stream.write_all(self.request.as_bytes())?;
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            anyhow::ensure!(self.answers.read_line(&mut line)? > 0, "the provider has closed the connection");
        }
        loop {
            line.clear();
            self.answers.read_line(&mut line)?;
            let length = usize::from_str_radix(line.trim(), 16).context("the body is not chunked")?;
            let mut chunk = vec![0; length + 2];
            self.answers.read_exact(&mut chunk)?;
            if length == 0 {
                return Ok(());
            }
        }
    }
}

fn connect(address: SocketAddr) -> anyhow::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, HANG)?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
