//! One connection's queue: what the machine wants written, read or ended, until the connection's task does it.

use std::collections::VecDeque;
use std::sync::Mutex;

use samara::seed::Step;
use samara::wire::{Message, codec};
use tokio::sync::Notify;

use crate::lock;
use crate::role::Serve;

/// While more control bytes than this are unsent, no further request of an accepted connection is handled.
pub(crate) const MAX_UNSENT: usize = 64 << 10;

/// The queue, shared by the machine's side (which puts in) and the connection's task (which takes out).
#[derive(Debug, Default)]
pub(crate) struct Line {
    queue: Mutex<Queue>,
    /// Something is to be written.
    wanted: Notify,
    /// Something was written.
    written: Notify,
    /// The connection is to be closed.
    closed: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    /// Frames of messages, encoded.
    control: Vec<u8>,
    /// Bytes of control that the writer has taken and not yet written.
    writing: usize,
    serves: VecDeque<Serve>,
    /// Requests whose serving is to stop: waiting ones or the one under way.
    stops: Vec<u32>,
    /// The request that is being served.
    serving: Option<u32>,
    /// The chunk that was made welcome last.
    receive: Option<(u32, Step)>,
    /// The machine has said `Close`.
    closing: bool,
    /// It is on the list of lines to be woken.
    dirty: bool,
}

/// Is there room for answers?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// Yes.
    Some,
    /// More than [`MAX_UNSENT`] control bytes are unsent.
    None,
    /// The machine has said `Close`.
    Closing,
}

/// What to write next.
#[derive(Debug)]
pub(crate) enum Next {
    /// The bytes that were taken.
    Flush,
    /// A chunk, after them.
    Serve(Serve),
    /// No chunk: the serving of this request was stopped before it began.
    Stopped(u32),
    /// Nothing more, ever.
    Close,
    /// Nothing now.
    Nothing,
}

impl Line {
    /// Puts in a message. Says whether the line has to be woken for it (and so for `serve` and `stop`).
    pub(crate) fn send(&self, request: u32, message: &Message) -> bool {
        self.put(|queue| codec::encode(request, message, &mut queue.control))
    }

    /// Puts in a chunk to send.
    pub(crate) fn serve(&self, serve: Serve) -> bool {
        self.put(|queue| queue.serves.push_back(serve))
    }

    /// Stops serving a request, if it is being served or waits for it.
    pub(crate) fn stop(&self, request: u32) -> bool {
        self.put(|queue| {
            let waits = queue.serves.iter().any(|serve| serve.request == request);
            if waits || queue.serving == Some(request) {
                queue.stops.push(request);
            }
        })
    }

    /// The machine wants nothing more of this connection.
    pub(crate) fn close(&self) -> bool {
        self.put(|queue| queue.closing = true)
    }

    fn put(&self, change: impl FnOnce(&mut Queue)) -> bool {
        let mut queue = lock(&self.queue);
        if queue.closing {
            return false;
        }
        change(&mut queue);
        !std::mem::replace(&mut queue.dirty, true)
    }

    /// Makes a chunk welcome.
    pub(crate) fn receive(&self, request: u32, step: Step) {
        lock(&self.queue).receive = Some((request, step));
    }

    /// The chunk that was made welcome last, if its request is this one.
    pub(crate) fn take_receive(&self, request: u32) -> Option<Step> {
        let (of, step) = lock(&self.queue).receive.take()?;
        (of == request).then_some(step)
    }

    /// Wakes the connection's task, once for all that was put in.
    pub(crate) fn wake(&self) {
        let closing = {
            let mut queue = lock(&self.queue);
            queue.dirty = false;
            queue.closing
        };
        self.wanted.notify_one();
        if closing {
            self.closed.notify_one();
        }
    }

    /// Has the machine said `Close`?
    pub(crate) fn is_closing(&self) -> bool {
        self.room() == Room::Closing
    }

    /// Returns when the machine has said `Close`.
    pub(crate) async fn closing(&self) {
        while !self.is_closing() {
            self.closed.notified().await;
        }
    }

    /// Is there room for answers?
    pub(crate) fn room(&self) -> Room {
        let queue = lock(&self.queue);
        match (queue.closing, queue.control.len() + queue.writing) {
            (true, _) => Room::Closing,
            (false, ..=MAX_UNSENT) => Room::Some,
            (false, _) => Room::None,
        }
    }

    /// Returns when there is. If the machine says `Close` meanwhile, at the next write at the latest.
    pub(crate) async fn roomy(&self) {
        while self.room() == Room::None {
            self.written.notified().await;
        }
    }

    /// What to write next; control bytes are put behind those that are in `out`, unwritten.
    pub(crate) fn next(&self, out: &mut Vec<u8>) -> Next {
        let mut queue = lock(&self.queue);
        self.take(&mut queue, out);
        if queue.closing {
            return if out.is_empty() { Next::Close } else { Next::Flush };
        }
        let stopped = queue.serves.iter().position(|serve| queue.stops.contains(&serve.request));
        if let Some(serve) = stopped.and_then(|at| queue.serves.remove(at)) {
            queue.stops.retain(|request| *request != serve.request);
            return Next::Stopped(serve.request);
        }
        let Some(serve) = queue.serves.pop_front() else {
            return if out.is_empty() { Next::Nothing } else { Next::Flush };
        };
        queue.serving = Some(serve.request);
        Next::Serve(serve)
    }

    /// The chunks that come after the one that is being sent, as it looks now.
    pub(crate) fn queued(&self) -> Vec<Serve> {
        lock(&self.queue).serves.iter().cloned().collect()
    }

    /// Between two frames of a chunk: is the serving to go on? Then control bytes are put behind those in `out`.
    pub(crate) fn between(&self, out: &mut Vec<u8>) -> bool {
        let mut queue = lock(&self.queue);
        let on = !queue.closing && !queue.serving.is_some_and(|request| queue.stops.contains(&request));
        if on {
            self.take(&mut queue, out);
        }
        on
    }

    fn take(&self, queue: &mut Queue, out: &mut Vec<u8>) {
        if out.is_empty() {
            std::mem::swap(out, &mut queue.control);
        } else {
            out.append(&mut queue.control);
        }
        if queue.writing > 0 {
            self.written.notify_one();
        }
        queue.writing = out.len();
    }

    /// The serving under way has ended.
    pub(crate) fn served(&self) {
        let mut queue = lock(&self.queue);
        if let Some(served) = queue.serving.take() {
            queue.stops.retain(|request| *request != served);
        }
    }

    /// Returns when something is to be written.
    pub(crate) async fn wanted(&self) {
        self.wanted.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::role::Origin;

    fn serve(request: u32) -> Serve {
        Serve { request, origin: Origin::Gone, identity: None, index: 0, range: 0..1 }
    }

    #[test]
    fn waking_is_asked_for_once_until_it_happens() {
        let line = Line::default();
        assert!(line.serve(serve(1)) && !line.serve(serve(2)));
        line.wake();
        assert!(line.stop(2));
    }

    #[test]
    fn what_was_stopped_is_told_first_and_never_served() {
        let line = Line::default();
        let mut out = Vec::new();
        (1..4).for_each(|request| assert!(line.serve(serve(request)) == (request == 1)));
        assert!(matches!(line.next(&mut out), Next::Serve(Serve { request: 1, .. })));
        line.stop(3);
        assert!(line.between(&mut out), "another request was stopped");
        line.stop(1);
        assert!(!line.between(&mut out));
        line.served();
        assert!(matches!(line.next(&mut out), Next::Stopped(3)));
        assert!(matches!(line.next(&mut out), Next::Serve(Serve { request: 2, .. })));
        line.served();
        line.stop(1);
        assert!(line.between(&mut out), "a stop that comes too late is forgotten");
        assert!(matches!(line.next(&mut out), Next::Nothing));
    }

    #[test]
    fn nothing_gets_in_after_close() {
        let line = Line::default();
        line.close();
        assert!(!line.serve(serve(1)));
        assert!(matches!(line.next(&mut Vec::new()), Next::Close));
    }
}
