//! From an address to an upgraded WebSocket.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use exai_session::{ConnectError, DialLimits};
use exai_settings::Secret;
use exai_wire::{FRAME_BYTES_MAX, SUBPROTOCOL};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::client::ClientRequestBuilder;
use tokio_tungstenite::tungstenite::http::{Response, Uri};
use tokio_tungstenite::tungstenite::{self, protocol::WebSocketConfig};

use crate::counted::Counted;
use crate::endpoint::{self, Endpoint};
use crate::socket::{Socket, Stream};
use crate::tls::{self, Trust};

/// Head start of one address before the next is tried beside it (RFC 8305 recommends 250 ms).
const NEXT_ADDRESS: Duration = Duration::from_millis(250);

/// Read and write buffers of a connection, in bytes. The library's 128 KiB would be a fifth of an idle shim.
const BUFFER_BYTES: usize = 16 << 10;

/// What the library may hold for a daemon that does not read: one frame, and what is left of others and of pongs.
const WRITE_BYTES_MAX: usize = FRAME_BYTES_MAX + 4 * BUFFER_BYTES;

/// Where to dial.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    /// The address that `endpoint.json` in this directory names, read anew at each dial.
    Local(PathBuf),
    /// A configured address.
    Url {
        /// `ws://` or `wss://`.
        url: String,
        /// Token of the upgrade.
        token: Option<Secret>,
        /// Whose signature counts with `wss://`.
        trust: Arc<Trust>,
    },
    /// Neither an address nor a state directory: there is nothing to dial.
    Nowhere,
}

impl Target {
    /// The address for people, as far as it is known without reading a file.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Local(_) | Self::Nowhere => "this machine (local default)".to_owned(),
            Self::Url { url, .. } => authority(url),
        }
    }

    /// The file that [`Self::locate`] reads, if it reads one.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        match self {
            Self::Local(dir) => Some(endpoint::path(dir)),
            Self::Url { url, trust, .. } if url.starts_with("wss:") => trust.unread().map(Path::to_owned),
            Self::Url { .. } | Self::Nowhere => None,
        }
    }

    /// Finds out what a dial needs. Blocks as long as the disk does where there is a [`Self::file`].
    ///
    /// # Errors
    /// [`ConnectError::Unreachable`] with a sentence.
    pub(crate) fn locate(&self) -> Result<Place, ConnectError> {
        match self {
            Self::Local(dir) => {
                let unreadable = |error| ConnectError::Unreachable(endpoint::sentence(dir, &error));
                let endpoint = endpoint::read(dir).map_err(unreadable)?;
                // Its port may be anybody's by now, who must not be handed a token and prompts.
                let held = endpoint::is_held(dir);
                if held == Some(false) {
                    let file = endpoint::path(dir);
                    let why = format!("no local exai daemon runs ({} was left behind)", file.display());
                    return Err(ConnectError::Unreachable(why));
                }
                let (url, token) = (endpoint.url.clone(), endpoint.token.clone().map(Secret::new));
                Ok(Place { url, token, tls: None, endpoint: Some(endpoint), is_held: held == Some(true) })
            }
            Self::Url { url, token, trust } => {
                let tls = url.starts_with("wss:").then(|| trust.config()).transpose();
                let tls = tls.map_err(ConnectError::Unreachable)?;
                Ok(Place { url: url.clone(), token: token.clone(), tls, endpoint: None, is_held: false })
            }
            Self::Nowhere => {
                let why = "no address is configured, and without a state directory no local daemon can be found; set \
                           EXAI_STATE_DIR or EXAI_WS_URL";
                Err(ConnectError::Unreachable(why.to_owned()))
            }
        }
    }

    /// Whether the daemon is on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        match self {
            Self::Local(_) | Self::Nowhere => true,
            Self::Url { url, .. } => url.parse::<Uri>().is_ok_and(|uri| {
                let host = dialled(uri.host().unwrap_or_default());
                host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
            }),
        }
    }
}

/// What a dial needs.
#[derive(Debug)]
pub(crate) struct Place {
    /// `ws://` or `wss://`.
    pub(crate) url: String,
    /// Token of the upgrade.
    token: Option<Secret>,
    /// For `wss://`.
    tls: Option<Arc<ClientConfig>>,
    /// The file that it comes from, if it does.
    pub(crate) endpoint: Option<Endpoint>,
    /// Whether the daemon that wrote that file is known to be there.
    pub(crate) is_held: bool,
}

/// `host:port` of a URL, without path, user and query.
pub(crate) fn authority(url: &str) -> String {
    let uri: Option<Uri> = url.parse().ok();
    let authority = uri.as_ref().and_then(Uri::authority).map(|authority| authority.as_str());
    authority.map_or("an unreadable address", |text| text.rsplit('@').next().unwrap_or(text)).to_owned()
}

/// Connects and upgrades, each within its limit.
///
/// # Errors
/// As [`ConnectError`] says; each carries a sentence with what was dialled.
pub(crate) async fn dial(place: Place, limits: DialLimits) -> Result<Socket, ConnectError> {
    let from_file = place.endpoint.is_some();
    open(place, limits).await.map_err(|error| if from_file { out_of_date(error) } else { error })
}

/// The file outlives a daemon that was killed, and its port may be another program's by now: nobody's settings are
/// wrong then, and a daemon is to be started.
fn out_of_date(error: ConnectError) -> ConnectError {
    match error {
        ConnectError::Auth(why) | ConnectError::NotExai(why) => {
            ConnectError::Unreachable(format!("endpoint.json is out of date: {why}"))
        }
        other @ (ConnectError::Unreachable(_) | ConnectError::Silent(_)) => other,
    }
}

async fn open(place: Place, limits: DialLimits) -> Result<Socket, ConnectError> {
    let Place { url, token, tls, .. } = place;
    let unreachable = |error: String| ConnectError::Unreachable(format!("{}: {error}", authority(&url)));
    let uri: Uri = url.parse().map_err(|error| unreachable(format!("no valid URL ({error})")))?;
    let host = dialled(uri.host().unwrap_or_default());
    let secure = tls.is_some();
    let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
    let tcp = tokio::time::timeout(limits.connect, connect(host, port)).await;
    let tcp =
        tcp.map_err(|_| unreachable(format!("no connection within {} ms", limits.connect.as_millis())))?;
    let tcp = tcp.map_err(|error| unreachable(error.to_string()))?;
    // Frames are small and each is waited for.
    let _ = tcp.set_nodelay(true);
    let name = ServerName::try_from(host.to_owned());
    let upgraded = tokio::time::timeout(limits.upgrade, async {
        let stream = match tls {
            None => Stream::Plain(tcp),
            Some(config) => {
                let name = name.map_err(|error| unreachable(error.to_string()))?;
                secured(tcp, name, config).await.map_err(unreachable)?
            }
        };
        upgrade(uri.clone(), token, stream).await
    });
    let silent = |_| {
        let (address, ms) = (authority(&url), limits.upgrade.as_millis());
        ConnectError::Silent(format!("{address}: connected, but it did not answer within {ms} ms"))
    };
    upgraded.await.map_err(silent)?
}

async fn secured(
    tcp: TcpStream,
    name: ServerName<'static>,
    config: Arc<ClientConfig>,
) -> Result<Stream, String> {
    let connected = TlsConnector::from(config).connect(name, tcp).await;
    let tls = connected.map_err(|error| tls::sentence(&error).unwrap_or_else(|| format!("TLS: {error}")))?;
    Ok(Stream::Tls(Box::new(tls)))
}

async fn upgrade(uri: Uri, token: Option<Secret>, stream: Stream) -> Result<Socket, ConnectError> {
    let address = authority(&uri.to_string());
    let mut request = ClientRequestBuilder::new(uri).with_sub_protocol(SUBPROTOCOL);
    if let Some(token) = token {
        request = request.with_header("Authorization", format!("Bearer {}", token.expose()));
    }
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(BUFFER_BYTES)
        .max_write_buffer_size(WRITE_BYTES_MAX)
        .max_message_size(Some(FRAME_BYTES_MAX))
        .max_frame_size(Some(FRAME_BYTES_MAX));
    let upgraded =
        tokio_tungstenite::client_async_with_config(request, Counted::new(stream), Some(config)).await;
    match upgraded {
        Ok((socket, _)) => Ok(Socket::new(socket)),
        Err(tungstenite::Error::Http(response)) => Err(turned_away(&address, &response)),
        Err(tungstenite::Error::Io(error)) => Err(ConnectError::Unreachable(format!("{address}: {error}"))),
        Err(error) => Err(ConnectError::NotExai(format!("{address} is no exai daemon: {error}"))),
    }
}

fn turned_away(address: &str, response: &Response<Option<Vec<u8>>>) -> ConnectError {
    let sentence = one_line(&String::from_utf8_lossy(response.body().as_deref().unwrap_or_default()));
    let status = response.status();
    match (status.as_u16(), sentence.is_empty()) {
        (401, true) => ConnectError::Auth(format!("the daemon at {address} refused the token")),
        (401, false) => ConnectError::Auth(sentence),
        (_, true) => ConnectError::NotExai(format!("{address} answered HTTP {status}")),
        (_, false) => ConnectError::NotExai(format!("{address} answered HTTP {status}: {sentence}")),
    }
}

/// Longest text of a refusal that is passed on, in characters: a daemon's sentences are shorter.
const REFUSAL_CHARS_MAX: usize = 200;

/// The text of a refusal on one line. A server that is no daemon sends a page: its tags say nothing to people.
fn one_line(body: &str) -> String {
    let is_page = body.trim_start().starts_with('<');
    let mut in_tag = false;
    let mut text = String::new();
    for char in body.chars() {
        in_tag |= is_page && char == '<';
        text.push(if in_tag || char.is_control() { ' ' } else { char });
        in_tag &= char != '>';
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    if line.chars().nth(REFUSAL_CHARS_MAX).is_none() {
        return line;
    }
    line.chars().take(REFUSAL_CHARS_MAX - 1).chain(['…']).collect()
}

/// The host to dial: brackets off, and an unspecified address, which can only be listened on, becomes loopback.
fn dialled(host: &str) -> &str {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    match bare.parse() {
        Ok(IpAddr::V4(Ipv4Addr::UNSPECIFIED)) => "127.0.0.1",
        Ok(IpAddr::V6(Ipv6Addr::UNSPECIFIED)) => "::1",
        _ => bare,
    }
}

/// Connects to the first address that answers, giving each a head start: a name may have one that leads nowhere.
async fn connect(host: &str, port: u16) -> std::io::Result<TcpStream> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return TcpStream::connect(SocketAddr::new(ip, port)).await;
    }
    let name = host.to_owned();
    let found = tokio::task::spawn_blocking(move || exai_names::addresses(&name, port)).await;
    let mut addresses = found.map_err(std::io::Error::other)??.into_iter();
    let mut dials = JoinSet::new();
    let mut last = std::io::Error::new(std::io::ErrorKind::NotFound, "the name has no address");
    loop {
        let next = addresses.next();
        let more = next.is_some();
        if let Some(address) = next {
            dials.spawn(TcpStream::connect(address));
        }
        let head_start = if more { NEXT_ADDRESS } else { Duration::MAX };
        match tokio::time::timeout(head_start, dials.join_next()).await {
            Ok(Some(Ok(Ok(stream)))) => return Ok(stream),
            Ok(Some(Ok(Err(error)))) => last = error,
            Ok(Some(Err(gone))) => last = std::io::Error::other(gone),
            Ok(None) => return Err(last),
            Err(_head_start_over) => {}
        }
    }
}

#[cfg(test)]
mod tests;
