//! `^C` and SIGTERM: the first asks for an orderly stop, the second ends the process at once.

use std::io;

use crate::exit::{Code, Failure};

/// The signals that stop a command.
#[derive(Debug)]
pub(crate) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

/// A write beyond `ulimit -f` sends this signal, which kills; handled, the write fails like on a full disk.
#[cfg(unix)]
const SIGXFSZ: i32 = 25;

impl Signals {
    /// Takes the signals over from the system.
    #[cfg(unix)]
    pub(crate) fn listen() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let take = |kind| signal(kind).map_err(|error| unavailable(&error));
        let _handled_from_now_on = take(SignalKind::from_raw(SIGXFSZ))?;
        Ok(Self { interrupt: take(SignalKind::interrupt())?, terminate: take(SignalKind::terminate())? })
    }

    /// Takes the signals over from the system.
    #[cfg(not(unix))]
    pub(crate) fn listen() -> Result<Self, Failure> {
        Ok(Self {})
    }

    /// The next signal, as the exit code that it stands for.
    #[cfg(unix)]
    pub(crate) async fn next(&mut self) -> Code {
        tokio::select! {
            _ = self.interrupt.recv() => Code::Interrupted,
            _ = self.terminate.recv() => Code::Terminated,
        }
    }

    /// The next signal, as the exit code that it stands for.
    #[cfg(not(unix))]
    pub(crate) async fn next(&mut self) -> Code {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Code::Interrupted,
            Err(_) => std::future::pending().await,
        }
    }

    /// Runs `work`, which leaves nothing behind, until it ends or a signal comes.
    pub(crate) async fn or<T>(
        &mut self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            done = work => done,
            code = self.next() => Err(stopped(code)),
        }
    }
}

/// What a command that a signal stopped ends with.
pub(crate) fn stopped(code: Code) -> Failure {
    Failure::new(code, "stopped")
}

#[cfg(unix)]
fn unavailable(error: &io::Error) -> Failure {
    Failure::new(Code::Other, format!("cannot handle signals: {error}"))
}
