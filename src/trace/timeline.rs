//! Spans, made from notes: each span has an end, and the spans of a lane nest.

use super::lane::{Lane, What};
use super::{LaneKind, Span};
use std::panic::Location;

/// An event in the life of a thread. Times are nanoseconds since the recorder was made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Mark {
    Begin(f64, Piece),
    /// The end of the innermost span that has not ended.
    End(f64),
    Steal(f64, u32),
}

/// The beginning of a span.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Piece {
    pub(super) span: Span,
    /// In a poll, the number of the task; 0 for the future of a `block_on`.
    pub(super) task: u64,
    pub(super) site: Option<&'static Location<'static>>,
}

/// The scale by which ticks become times.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    pub(super) base: u64,
    pub(super) ns_per_tick: f64,
}

impl Scale {
    fn time(self, at: u64) -> f64 {
        at.saturating_sub(self.base) as f64 * self.ns_per_tick
    }
}

impl Lane {
    /// The name of the lane's thread, for readers.
    pub(super) fn title(&self) -> String {
        let kind = match self.kind {
            LaneKind::Worker => "worker",
            LaneKind::Guest => "guest",
            LaneKind::Spare => "spare",
            LaneKind::Blocking => "blocking",
        };
        format!("{kind} {}", self.index)
    }

    /// Tells the lane's marks, as it is now. A span without an end ends with the last note, or at
    /// `now` if no note was dropped.
    pub(super) fn replay(&self, scale: Scale, now: u64, mut tell: impl FnMut(Mark)) {
        let mut open: Vec<Span> = Vec::new();
        let mut last = 0.0;
        for note in self.notes.items() {
            let at = scale.time(note.at);
            last = at;
            match note.what {
                What::BeginPoll(task, site) => {
                    open.push(Span::Poll);
                    let span = Span::Poll;
                    tell(Mark::Begin(at, Piece { span, task, site }));
                }
                What::Begin(span) => {
                    open.push(span);
                    let (task, site) = (0, None);
                    tell(Mark::Begin(at, Piece { span, task, site }));
                }
                What::End(span) => {
                    // A computation that began in a poll ends with the poll.
                    if let Some(depth) = open.iter().rposition(|it| *it == span) {
                        open.drain(depth..).for_each(|_| tell(Mark::End(at)));
                    }
                }
                What::Steal(victim) => tell(Mark::Steal(at, victim)),
            }
        }
        let end = if self.notes.dropped() == 0 {
            scale.time(now).max(last)
        } else {
            last
        };
        open.iter().for_each(|_| tell(Mark::End(end)));
    }
}

#[cfg(test)]
mod tests {
    use super::{Mark, Scale};
    use crate::trace::lane::{self, Lane};
    use crate::trace::{LaneKind, Span, begin, end, poll, steal};

    #[test]
    fn spans_nest_whatever_is_missing() {
        let lane = Lane::new(LaneKind::Worker, 0, 100);
        {
            // SAFETY: the lane outlives the guard, and this is the only thread.
            let _entered = unsafe { lane::enter(Some(&lane)) };
            end(Span::Compute);
            {
                let _polling = poll(5, None, || None);
                begin(Span::Compute);
                steal(3);
            }
            end(Span::Compute);
            begin(Span::Park);
        }
        begin(Span::Job);
        let (base, ns_per_tick) = (crate::util::clock::ticks(), 1.0);
        let mut text = String::new();
        lane.replay(Scale { base, ns_per_tick }, base, |mark| match mark {
            Mark::Begin(_, piece) => text += &format!("({:?}{} ", piece.span, piece.task),
            Mark::End(_) => text += ") ",
            Mark::Steal(_, victim) => text += &format!("<{victim} "),
        });
        assert_eq!(text, "(Poll5 (Compute0 <3 ) ) (Park0 ) ");
    }

    #[test]
    fn a_full_lane_ends_with_its_last_note() {
        let lane = Lane::new(LaneKind::Guest, 0, 2);
        // SAFETY: as above.
        let entered = unsafe { lane::enter(Some(&lane)) };
        begin(Span::Job);
        begin(Span::Park);
        end(Span::Park);
        drop(entered);
        let scale = Scale {
            base: 0,
            ns_per_tick: 1.0,
        };
        let mut marks = Vec::new();
        lane.replay(scale, u64::MAX, |mark| marks.push(mark));
        assert_eq!(lane.notes.dropped(), 1);
        let Mark::Begin(last, _) = marks[1] else {
            panic!("{marks:?}")
        };
        assert_eq!(marks[2..], [Mark::End(last), Mark::End(last)]);
    }
}
