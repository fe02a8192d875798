//! Reads and writes of a pipe or socket that never wait for the other side.
//!
//! Handing a line from thread to thread wakes a core that sleeps, which costs more than all that is done with the line. So
//! the loop reads and writes itself wherever the kernel promises not to block: Linux, for sockets and (since 6.5) pipes. A
//! descriptor that is shared with others must not be set non-blocking; `RWF_NOWAIT` asks for one call alone.

use std::io;

/// A descriptor of this process.
#[derive(Debug)]
pub(crate) struct NoWait(system::Descriptor);

impl NoWait {
    /// This process's stdin and stdout; none where the system can't do it for any.
    pub(crate) fn of_stdio() -> [Option<Self>; 2] {
        [system::Descriptor::stdin().map(Self), system::Descriptor::stdout().map(Self)]
    }

    #[cfg(all(test, target_os = "linux"))]
    pub(crate) fn of(fd: impl Into<std::os::fd::OwnedFd>) -> Self {
        Self(system::Descriptor(fd.into()))
    }

    /// Writes as much as there is room for.
    ///
    /// # Errors
    /// `WouldBlock` where there is none; others where it can't be written so, or not at all.
    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    /// Reads what is there; 0 bytes are the end.
    ///
    /// # Errors
    /// `WouldBlock` where there is nothing; others where it can't be read so, or not at all.
    #[cfg(target_os = "linux")]
    pub(crate) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

#[cfg(target_os = "linux")]
impl std::os::fd::AsRawFd for NoWait {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        self.0.0.as_raw_fd()
    }
}

#[cfg(target_os = "linux")]
mod system {
    use std::io::{self, IoSlice, IoSliceMut};
    use std::os::fd::{AsFd as _, OwnedFd};

    use rustix::io::{ReadWriteFlags, preadv2, pwritev2};

    /// Says that there is no offset.
    const NO_OFFSET: u64 = u64::MAX;

    #[derive(Debug)]
    pub(super) struct Descriptor(pub(super) OwnedFd);

    impl Descriptor {
        pub(super) fn stdin() -> Option<Self> {
            io::stdin().as_fd().try_clone_to_owned().ok().map(Self)
        }

        pub(super) fn stdout() -> Option<Self> {
            io::stdout().as_fd().try_clone_to_owned().ok().map(Self)
        }

        pub(super) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
            Ok(pwritev2(&self.0, &[IoSlice::new(bytes)], NO_OFFSET, ReadWriteFlags::NOWAIT)?)
        }

        pub(super) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
            Ok(preadv2(&self.0, &mut [IoSliceMut::new(buffer)], NO_OFFSET, ReadWriteFlags::NOWAIT)?)
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::io;

    /// There is none.
    #[derive(Debug)]
    pub(super) enum Descriptor {}

    impl Descriptor {
        pub(super) const fn stdin() -> Option<Self> {
            None
        }

        pub(super) const fn stdout() -> Option<Self> {
            None
        }

        pub(super) fn write(&self, _: &[u8]) -> io::Result<usize> {
            match *self {}
        }
    }
}
