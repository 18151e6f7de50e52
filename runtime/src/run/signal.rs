//! [`Signal`]: what asks a process to end, and [`Source`], where it comes from.

use std::future::poll_fn;
use std::task::{Context, Poll};
use std::{io, process};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// SIGINT; on Windows Ctrl-C.
    Interrupt,
    /// SIGTERM; on Windows Ctrl-Break, the close of the console and the shutdown of the system.
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

    fn number(self) -> u8 {
        match self {
            Signal::Interrupt => 2,
            Signal::Terminate => 15,
        }
    }

    /// That of a process which it ends, as a shell tells it.
    pub(super) fn status(self) -> u8 {
        128 + self.number()
    }

    /// Ends the process by it, so that whoever waits for the process sees that; if that is not to be had, with its status.
    pub(super) fn end_process(self) -> ! {
        // The kernel keeps the first process of a container from ending itself by a signal.
        #[cfg(unix)]
        if process::id() != 1 {
            let _ = signal_hook::low_level::emulate_default_handler(self.number().into());
        }
        process::exit(self.status().into())
    }
}

/// The signals of this process. Once it is open, they no longer end the process by themselves.
pub(super) struct Source {
    interrupt: platform::Interrupt,
    terminate: platform::Terminate,
}

impl Source {
    pub(super) fn open() -> io::Result<Self> {
        Ok(Source { interrupt: platform::interrupt()?, terminate: platform::terminate()? })
    }

    pub(super) async fn next(&mut self) -> Signal {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Signal> {
        // `None` would mean that no more can come, which tokio never says.
        if let Poll::Ready(Some(())) = self.interrupt.poll_recv(cx) {
            return Poll::Ready(Signal::Interrupt);
        }
        if self.terminate.poll_recv(cx).is_ready() {
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
    use std::io;
    use std::task::{Context, Poll};

    use tokio::signal::windows;

    pub(super) type Interrupt = windows::CtrlC;

    pub(super) use windows::ctrl_c as interrupt;

    pub(super) struct Terminate(windows::CtrlBreak, windows::CtrlClose, windows::CtrlShutdown);

    impl Terminate {
        pub(super) fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<()>> {
            let Terminate(ctrl_break, close, shutdown) = self;
            let polled = [ctrl_break.poll_recv(cx), close.poll_recv(cx), shutdown.poll_recv(cx)];
            polled.into_iter().find(Poll::is_ready).unwrap_or(Poll::Pending)
        }
    }

    pub(super) fn terminate() -> io::Result<Terminate> {
        let (close, shutdown) = (windows::ctrl_close()?, windows::ctrl_shutdown()?);
        Ok(Terminate(windows::ctrl_break()?, close, shutdown))
    }
}
