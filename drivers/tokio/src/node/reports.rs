//! What a node tells, on its way to the program.
//!
//! At gigabytes per second, notes of chunks come by the thousand. The program is woken for the first of them; the next
//! ones wait until it looks again, some milliseconds later. Whatever else happens wakes it at once.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use samara::node::Note;
use samara::{downloader, seeder};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::Report;
use crate::lock;

/// How long a note of a chunk may wait.
const PAUSE: Duration = Duration::from_millis(20);

/// What a node tells, in order. Has to be read: nothing is dropped.
pub struct Reports(Arc<Channel>);

/// The node's side.
pub(crate) struct Sender(Arc<Channel>);

#[derive(Default)]
struct Channel {
    queue: Mutex<Queue>,
    /// Something came that can't wait.
    news: Notify,
}

#[derive(Default)]
struct Queue {
    reports: VecDeque<Report>,
    senders: usize,
    /// The last report taken out was of a chunk, so the receiver looks again soon by itself.
    patient: bool,
}

/// Both sides.
pub(crate) fn channel() -> (Sender, Reports) {
    let channel = Arc::<Channel>::default();
    lock(&channel.queue).senders = 1;
    (Sender(channel.clone()), Reports(channel))
}

impl Sender {
    pub(super) fn send(&self, report: Report) {
        let mut queue = lock(&self.0.queue);
        let may_wait = queue.patient && is_of_a_chunk(&report);
        queue.reports.push_back(report);
        drop(queue);
        if !may_wait {
            self.0.news.notify_one();
        }
    }
}

impl Clone for Sender {
    fn clone(&self) -> Self {
        lock(&self.0.queue).senders += 1;
        Self(self.0.clone())
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        let mut queue = lock(&self.0.queue);
        queue.senders -= 1;
        if queue.senders == 0 {
            self.0.news.notify_one();
        }
    }
}

impl Reports {
    /// The next report; none when the node has ended. Nothing is lost if this is dropped before it is ready.
    pub async fn next(&mut self) -> Option<Report> {
        loop {
            let patient = {
                let mut queue = lock(&self.0.queue);
                if let Some(report) = queue.reports.pop_front() {
                    queue.patient = is_of_a_chunk(&report);
                    return Some(report);
                }
                if queue.senders == 0 {
                    return None;
                }
                queue.patient
            };
            if !patient {
                self.0.news.notified().await;
            } else if timeout(PAUSE, self.0.news.notified()).await.is_err() {
                let mut queue = lock(&self.0.queue);
                queue.patient = !queue.reports.is_empty();
            }
        }
    }
}

const fn is_of_a_chunk(report: &Report) -> bool {
    matches!(
        report,
        Report::Note(
            Note::Download { note: downloader::Note::Verified { .. }, .. }
                | Note::Seeder(seeder::Note::Uploaded { .. })
        )
    )
}

impl fmt::Debug for Reports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reports").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use samara::seeder::FileId;
    use tokio::time::Instant;

    use super::*;

    fn chunk(bytes: u32) -> Report {
        let to = ([127, 0, 0, 1], 1).into();
        Report::Note(Note::Seeder(seeder::Note::Uploaded { file: FileId(0), to, bytes }))
    }

    fn bytes(report: Option<Report>) -> u32 {
        match report {
            Some(Report::Note(Note::Seeder(seeder::Note::Uploaded { bytes, .. }))) => bytes,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn all_reports_come_in_order_and_then_the_end() {
        let (sender, mut reports) = channel();
        let other = sender.clone();
        (1..=3).for_each(|number| sender.send(chunk(number)));
        other.send(Report::Stopped);
        drop((sender, other));
        for number in 1..=3 {
            assert_eq!(bytes(reports.next().await), number);
        }
        assert!(matches!(reports.next().await, Some(Report::Stopped)));
        assert!(reports.next().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_chunk_after_a_chunk_waits_for_a_moment_and_anything_else_does_not() {
        let (sender, mut reports) = channel();
        let began = Instant::now();
        let node = tokio::spawn(async move {
            sender.send(chunk(1));
            tokio::time::sleep(Duration::from_millis(1)).await;
            sender.send(chunk(2));
            tokio::time::sleep(Duration::from_millis(100)).await;
            sender.send(chunk(3));
            tokio::time::sleep(Duration::from_millis(1)).await;
            sender.send(Report::Stopped);
            sender
        });
        assert_eq!((bytes(reports.next().await), began.elapsed()), (1, Duration::ZERO));
        assert_eq!((bytes(reports.next().await), began.elapsed()), (2, PAUSE));
        assert_eq!(bytes(reports.next().await), 3);
        assert_eq!(began.elapsed(), Duration::from_millis(101), "the first after a pause comes at once");
        assert!(matches!(reports.next().await, Some(Report::Stopped)));
        assert_eq!(began.elapsed(), Duration::from_millis(102));
        drop(node);
    }
}
