//! One thing to be done on a download's files.

use std::sync::Arc;

use samara::seeder::FileId;
use samara::store::Op;

use crate::env::Part;
use crate::role::Input;

/// Something to be done on a download's files, which may wait for the disk.
pub(crate) struct Job {
    part: Arc<dyn Part>,
    task: Task,
}

enum Task {
    /// An operation, of this download and with this number.
    Do(FileId, u32, Op),
    /// Close the files, then drop this.
    Close(Box<dyn Send>),
}

impl Job {
    /// An operation of a store.
    pub(crate) fn new(part: Arc<dyn Part>, file: FileId, job: u32, op: Op) -> Self {
        Self { part, task: Task::Do(file, job, op) }
    }

    /// Closing the files. Then `farewell` is dropped.
    pub(crate) fn close(part: Arc<dyn Part>, farewell: impl Send + 'static) -> Self {
        Self { part, task: Task::Close(Box::new(farewell)) }
    }

    /// Does it only write to the system's memory? (If that is full, it waits, too; then so does everything.)
    pub(crate) const fn is_quick(&self) -> bool {
        matches!(self.task, Task::Do(_, _, Op::Write { .. } | Op::Append { .. }))
    }

    /// Does it make something durable?
    pub(crate) const fn is_sync(&self) -> bool {
        matches!(self.task, Task::Do(_, _, Op::Sync(_) | Op::SyncFolder))
    }

    /// Does it, and gives what the machine is to be told.
    pub(crate) fn perform(self) -> Option<Input> {
        match self.task {
            Task::Do(file, job, op) => Some(Input::Disk { file, job, outcome: self.part.perform(op) }),
            Task::Close(farewell) => {
                self.part.close();
                drop(farewell);
                None
            }
        }
    }
}
