//! How the ranks find each other: rank 0 waits at a known address, the others come there and say
//! where they listen. Then each rank has one connection to each other rank.
//!
//! timely can connect processes itself. But then all addresses must be known before, a rank that
//! does not come is waited for without end, and there is no word for "I cannot begin". Here a rank
//! that cannot begin says why, and all ranks end with that error. And patience is limited.

use crate::common::job::LOST;
use crate::common::progress::say;
use crate::common::wire::{MALFORMED, Reader, put, put_bytes};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// The first bytes of a message: so that a stranger is noticed.
const MAGIC: u64 = 0x6d61_6e79_6861_6e64;

/// No message of this module is longer.
const LONGEST: usize = 1 << 20;

/// Between two attempts to reach a rank 0 that has not begun.
const AGAIN: Duration = Duration::from_millis(20);

/// Who meets, and where.
pub(crate) struct Meeting {
    pub(crate) rank: usize,
    pub(crate) ranks: usize,
    /// Where rank 0 listens: host and port.
    pub(crate) address: String,
    pub(crate) patience: Duration,
}

/// A connection to each other rank; none to the rank itself.
pub(crate) type Connections = Vec<Option<TcpStream>>;

/// Why the ranks have not met.
pub(crate) struct Failure {
    pub(crate) error: String,
    /// With what the process should end: 2 if a rank cannot begin.
    pub(crate) code: u8,
}

/// A rank is lost, or is none of ours.
impl From<String> for Failure {
    fn from(error: String) -> Self {
        Self { error, code: LOST }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::from(format!("lost a rank before all had met: {error}"))
    }
}

fn cannot_begin(error: String) -> Failure {
    Failure { error, code: 2 }
}

impl Meeting {
    /// Meets the others. Fails, on all ranks, if one is not `ready` or is lost meanwhile. Ends the
    /// process if not all have come in time.
    pub(crate) fn meet(&self, ready: Result<(), String>) -> Result<Connections, Failure> {
        if self.ranks == 1 {
            return ready.map(|()| vec![None]).map_err(cannot_begin);
        }
        let (met, waiting) = mpsc::channel::<()>();
        let (rank, patience) = (self.rank, self.patience);
        thread::spawn(move || {
            // The sender says nothing: it is dropped in the end.
            if waiting.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
                let seconds = patience.as_secs();
                say(rank, &format!("not all ranks have come within {seconds} s"));
                process::exit(LOST.into());
            }
        });
        let connections = if rank == 0 {
            self.wait_for_all(ready)
        } else {
            self.come(ready)
        };
        drop(met);
        connections
    }

    /// Rank 0: waits until all have come, and tells each where the others are.
    fn wait_for_all(&self, ready: Result<(), String>) -> Result<Connections, Failure> {
        let listener = TcpListener::bind(&self.address).map_err(|error| self.at_start(&error))?;
        let own = listener.local_addr()?;
        let others = self.ranks - 1;
        say(0, &format!("waits at {own} for {others} others"));
        let mut connections: Connections = (0..self.ranks).map(|_| None).collect();
        let mut places = vec![String::new(); self.ranks];
        let mut error = ready.err();
        for _ in 1..self.ranks {
            let mut stream = listener.accept()?.0;
            let (rank, place) = self.hear(&mut stream)?;
            if rank == 0 || connections[rank].is_some() {
                return Err(format!("there are two ranks {rank}").into());
            }
            match place {
                Ok(place) => places[rank] = place,
                Err(other) => error = error.or(Some(format!("rank {rank} cannot begin: {other}"))),
            }
            connections[rank] = Some(stream);
        }
        let mut answer = Vec::new();
        put(&mut answer, error.is_some().into());
        match &error {
            Some(error) => put_bytes(&mut answer, error.as_bytes()),
            None => places
                .iter()
                .for_each(|place| put_bytes(&mut answer, place.as_bytes())),
        }
        for stream in connections.iter_mut().flatten() {
            send(stream, &answer)?;
        }
        error.map_or(Ok(connections), |error| Err(cannot_begin(error)))
    }

    /// Another rank: goes to rank 0, and from there to the others.
    fn come(&self, ready: Result<(), String>) -> Result<Connections, Failure> {
        let mut coordinator = self.reach()?;
        let own = coordinator.local_addr()?;
        let listener = TcpListener::bind(SocketAddr::new(own.ip(), 0))?;
        let own = listener.local_addr()?.to_string();
        self.introduce(&mut coordinator, &ready.map(|()| own))?;
        let answer = receive(&mut coordinator)?;
        let mut reader = Reader(&answer);
        if reader.number()? != 0 {
            return Err(cannot_begin(reader.text()?.to_owned()));
        }
        let places = (0..self.ranks)
            .map(|_| reader.text())
            .collect::<Result<Vec<_>, _>>()?;
        // Each rank calls those before it, and is called by those behind it.
        let mut connections = vec![Some(coordinator)];
        for place in &places[1..self.rank] {
            let mut stream = TcpStream::connect(place)?;
            self.introduce(&mut stream, &Ok(String::new()))?;
            connections.push(Some(stream));
        }
        connections.resize_with(self.ranks, || None);
        for _ in self.rank + 1..self.ranks {
            let mut stream = listener.accept()?.0;
            let (rank, _) = self.hear(&mut stream)?;
            if rank <= self.rank || connections[rank].is_some() {
                return Err(format!("there are two ranks {rank}").into());
            }
            connections[rank] = Some(stream);
        }
        Ok(connections)
    }

    /// Connects to rank 0, which may begin later than this rank.
    fn reach(&self) -> Result<TcpStream, Failure> {
        loop {
            match TcpStream::connect(&self.address) {
                Ok(stream) => return Ok(stream),
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    thread::sleep(AGAIN);
                }
                Err(error) => return Err(self.at_start(&error)),
            }
        }
    }

    fn at_start(&self, error: &io::Error) -> Failure {
        cannot_begin(format!("{}: {error}", self.address))
    }

    /// Says who calls: the rank, and where it listens or why it cannot begin.
    fn introduce(&self, stream: &mut TcpStream, place: &Result<String, String>) -> io::Result<()> {
        let mut message = Vec::new();
        for number in [
            MAGIC,
            self.rank as u64,
            self.ranks as u64,
            place.is_err().into(),
        ] {
            put(&mut message, number);
        }
        let (Ok(text) | Err(text)) = place;
        put_bytes(&mut message, text.as_bytes());
        send(stream, &message)
    }

    fn hear(&self, stream: &mut TcpStream) -> Result<(usize, Result<String, String>), Failure> {
        let message = receive(stream)?;
        let mut reader = Reader(&message);
        if reader.number()? != MAGIC {
            return Err(MALFORMED.to_owned().into());
        }
        let (rank, ranks) = (reader.number()? as usize, reader.number()? as usize);
        if ranks != self.ranks || rank >= ranks {
            let own = self.ranks;
            return Err(format!("one came as rank {rank} of {ranks}, but there are {own}").into());
        }
        let is_error = reader.number()? != 0;
        let text = reader.text()?.to_owned();
        Ok((rank, if is_error { Err(text) } else { Ok(text) }))
    }
}

fn send(stream: &mut TcpStream, message: &[u8]) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let length = (message.len() as u32).to_le_bytes();
    stream.write_all(&[&length, message].concat())
}

fn receive(stream: &mut TcpStream) -> Result<Vec<u8>, Failure> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length) as usize;
    if length > LONGEST {
        return Err(MALFORMED.to_owned().into());
    }
    let mut message = vec![0; length];
    stream.read_exact(&mut message)?;
    Ok(message)
}
