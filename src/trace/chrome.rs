//! The timeline in the format of Chrome's tracing, which <https://ui.perfetto.dev> reads, too.

use super::Span;
use super::lanes::Lanes;
use super::timeline::Mark;
use std::fmt;
use std::io::{self, Write};

impl Span {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::Compute => "compute",
            Self::Job => "job",
            Self::Lent => "permit lent",
            Self::Pause => "pause",
            Self::Park => "asleep",
        }
    }
}

/// Writes the timeline as one JSON object.
pub(super) fn write(lanes: &Lanes, mut to: impl Write) -> io::Result<()> {
    let to = &mut to;
    write!(
        to,
        "{{\"displayTimeUnit\":\"ns\",\"otherData\":{{\"dropped\":\"{}\"}},\"traceEvents\":[\n\
         {{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":1,\"args\":{{\"name\":\"manyhands\"}}}}",
        lanes.dropped()
    )?;
    for (tid, lane) in lanes.all.iter().enumerate() {
        let title = lane.title();
        write!(
            to,
            ",\n{{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":1,\"tid\":{tid},\"args\":{{\"name\":{}}}}}",
            Quoted(&title)
        )?;
        write!(
            to,
            ",\n{{\"name\":\"thread_sort_index\",\"ph\":\"M\",\"pid\":1,\"tid\":{tid},\"args\":{{\"sort_index\":{tid}}}}}"
        )?;
        let mut result = Ok(());
        lane.replay(lanes.scale, lanes.now, |mark| {
            if result.is_ok() {
                result = event(lanes, tid, mark, to);
            }
        });
        result?;
    }
    to.write_all(b"\n]}\n")
}

fn event(lanes: &Lanes, tid: usize, mark: Mark, to: &mut impl Write) -> io::Result<()> {
    // Microseconds are the format's unit.
    let micros = |ns: f64| ns / 1000.0;
    match mark {
        Mark::Begin(at, piece) => {
            let name = piece.span.name();
            write!(
                to,
                ",\n{{\"cat\":\"{name}\",\"ph\":\"B\",\"ts\":{:.3},\"pid\":1,\"tid\":{tid},",
                micros(at)
            )?;
            if piece.span != Span::Poll {
                return write!(to, "\"name\":\"{name}\"}}");
            }
            let title = lanes.name(piece.task);
            let title = title.unwrap_or("poll");
            write!(
                to,
                "\"name\":{},\"args\":{{\"task\":{}",
                Quoted(title),
                piece.task
            )?;
            if let Some(site) = piece.site {
                write!(to, ",\"spawned\":{}", Quoted(&site.to_string()))?;
            }
            to.write_all(b"}}")
        }
        Mark::End(at) => write!(
            to,
            ",\n{{\"ph\":\"E\",\"ts\":{:.3},\"pid\":1,\"tid\":{tid}}}",
            micros(at)
        ),
        Mark::Steal(at, victim) => write!(
            to,
            ",\n{{\"name\":\"steal\",\"cat\":\"steal\",\"ph\":\"i\",\"s\":\"t\",\"ts\":{:.3},\"pid\":1,\"tid\":{tid},\
             \"args\":{{\"from\":{victim}}}}}",
            micros(at)
        ),
    }
}

/// A JSON string, which may also stand inside a script of a page.
pub(super) struct Quoted<'a>(pub(super) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for c in self.0.chars() {
            match c {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                c if c < ' ' || "<>&\u{2028}\u{2029}".contains(c) => {
                    write!(f, "\\u{:04x}", u32::from(c))?;
                }
                c => write!(f, "{c}")?,
            }
        }
        f.write_str("\"")
    }
}
