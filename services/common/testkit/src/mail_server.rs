use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// A mail as it arrived.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The address of its envelope.
    pub to: String,
    /// Headers and body.
    pub message: String,
}

impl Mail {
    /// A header's value, unfolded; empty without one.
    pub fn header(&self, name: &str) -> String {
        let head = self.message.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ");
        let of_name = |line: &str| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        };
        head.lines().find_map(of_name).unwrap_or_default()
    }

    /// Its text, decoded.
    pub fn text(&self) -> String {
        let body = body(&self.message);
        if !self.header("Content-Transfer-Encoding").eq_ignore_ascii_case("base64") {
            return body.to_owned();
        }
        let joined: String = body.split_ascii_whitespace().collect();
        String::from_utf8_lossy(&STANDARD.decode(joined).unwrap_or_default()).into_owned()
    }
}

/// The part behind the headers.
fn body(message: &str) -> &str {
    message.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

#[derive(Default)]
struct State {
    mails: Vec<Mail>,
    refused: BTreeSet<String>,
    silent: BTreeSet<String>,
    busy: bool,
    answer: Option<&'static str>,
    gate: Option<Arc<Notify>>,
}

/// A real mail server on loopback that keeps what it is given, and misbehaves as it is told. It ends with the runtime.
#[derive(Clone)]
pub struct MailServer {
    /// Where it listens.
    pub port: u16,
    state: Arc<Mutex<State>>,
}

impl MailServer {
    /// On a free port.
    pub async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let server = Self { port: listener.local_addr()?.port(), state: Arc::default() };
        let state = Arc::clone(&server.state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&state)));
            }
        });
        Ok(server)
    }

    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut held(&self.state));
    }

    /// What has arrived, in its order.
    pub fn mails(&self) -> Vec<Mail> {
        held(&self.state).mails.clone()
    }

    /// Refuses mail to this address for good.
    pub fn refuse(&self, address: &str) {
        self.set(|state| state.refused.extend([address.to_owned()]));
    }

    /// Says nothing more once it hears this address.
    pub fn fall_silent_at(&self, address: &str) {
        self.set(|state| state.silent.extend([address.to_owned()]));
    }

    /// Has no time, for now.
    pub fn busy(&self, busy: bool) {
        self.set(|state| state.busy = busy);
    }

    /// Answers every addressee so, as a relay that does not let the sender in; `None` takes them again.
    pub fn answer(&self, answer: Option<&'static str>) {
        self.set(|state| state.answer = answer);
    }

    /// Keeps the next mail, but answers only when the gate is opened.
    pub fn gate_next(&self) -> Arc<Notify> {
        let gate = Arc::new(Notify::new());
        self.set(|state| state.gate = Some(Arc::clone(&gate)));
        gate
    }
}

fn held(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(stream: TcpStream, state: Arc<Mutex<State>>) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut to = String::new();
    write.write_all(b"220 sink.invalid\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" => "250-sink.invalid\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
            "MAIL" if held(&state).busy => "451 busy\r\n",
            "MAIL" | "NOOP" | "RSET" => "250 OK\r\n",
            "RCPT" => {
                to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                let (refused, silent, answer) = {
                    let state = held(&state);
                    (state.refused.contains(&to), state.silent.contains(&to), state.answer)
                };
                if silent {
                    std::future::pending::<()>().await;
                }
                if let Some(answer) = answer {
                    write.write_all(answer.as_bytes()).await?;
                    "\r\n"
                } else if refused {
                    "550 no such mailbox\r\n"
                } else {
                    "250 OK\r\n"
                }
            }
            "DATA" => {
                write.write_all(b"354 go on\r\n").await?;
                let mut message = String::new();
                while let Some(line) = lines.next_line().await? {
                    if line == "." {
                        break;
                    }
                    message.push_str(line.strip_prefix('.').unwrap_or(&line));
                    message.push_str("\r\n");
                }
                let gate = {
                    let mut state = held(&state);
                    state.mails.push(Mail { to: to.clone(), message });
                    state.gate.take()
                };
                if let Some(gate) = gate {
                    gate.notified().await;
                }
                "250 kept\r\n"
            }
            "QUIT" => {
                write.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "502 what?\r\n",
        };
        write.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}
