//! [`Signal`]: what asks a process to end, and [`Source`], where it comes from.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// SIGINT; on Windows Ctrl-C.
    Interrupt,
    /// SIGTERM; on Windows Ctrl-Break.
    Terminate,
}

impl Signal {
    pub(super) fn name(self) -> &'static str {
        match (self, cfg!(windows)) {
            (Signal::Interrupt, false) => "SIGINT",
            (Signal::Terminate, false) => "SIGTERM",
            (Signal::Interrupt, true) => "Ctrl-C",
            (Signal::Terminate, true) => "Ctrl-Break",
        }
    }

    /// That of a process which it ends, as a shell tells it.
    pub(super) fn status(self) -> i32 {
        match self {
            Signal::Interrupt => 128 + 2,
            Signal::Terminate => 128 + 15,
        }
    }
}

/// The signals of this process. Once it is open, they no longer end the process by themselves.
pub(super) struct Source {
    interrupt: platform::Interrupt,
    terminate: platform::Terminate,
}

impl Source {
    pub(super) fn open() -> io::Result<Self> {
        Ok(Source {
            interrupt: platform::interrupt()?,
            terminate: platform::terminate()?,
        })
    }

    pub(super) async fn next(&mut self) -> Signal {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Signal> {
        // `None` would mean that no more can come, which tokio never says.
        if let Poll::Ready(Some(())) = self.interrupt.poll_recv(cx) {
            return Poll::Ready(Signal::Interrupt);
        }
        if let Poll::Ready(Some(())) = self.terminate.poll_recv(cx) {
            return Poll::Ready(Signal::Terminate);
        }
        Poll::Pending
    }
}

#[cfg(not(windows))]
mod platform {
    use std::io;

    use tokio::signal::unix::{Signal, SignalKind, signal};

    pub(super) type Interrupt = Signal;
    pub(super) type Terminate = Signal;

    pub(super) fn interrupt() -> io::Result<Interrupt> {
        signal(SignalKind::interrupt())
    }

    pub(super) fn terminate() -> io::Result<Terminate> {
        signal(SignalKind::terminate())
    }
}

#[cfg(windows)]
mod platform {
    use tokio::signal::windows;

    pub(super) type Interrupt = windows::CtrlC;
    pub(super) type Terminate = windows::CtrlBreak;

    pub(super) use windows::{ctrl_break as terminate, ctrl_c as interrupt};
}
