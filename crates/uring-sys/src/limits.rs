//! Limits that decide whether a ring can be had, for telling the user which one it was.
//!
//! See the example of [`memlock`].

use std::ffi::CStr;
use std::io;

/// The soft and the hard `RLIMIT_MEMLOCK`, in bytes; `u64::MAX` is unlimited. Rings are charged to it until 5.11 and since
/// 6.14, for all processes of the user together.
///
/// # Errors
///
/// A seccomp filter's. Man page: `getrlimit(2)`.
///
/// ```
/// let (soft, hard) = uring_sys::limits::memlock()?;
/// assert!(soft <= hard);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn memlock() -> io::Result<(u64, u64)> {
    limit(libc::RLIMIT_MEMLOCK)
}

/// The soft and the hard `RLIMIT_NOFILE`: one more than the largest descriptor; `u64::MAX` is unlimited.
///
/// # Errors
///
/// A seccomp filter's. Man page: `getrlimit(2)`.
///
/// ```
/// let (soft, hard) = uring_sys::limits::nofile()?;
/// assert!(soft <= hard && soft > 2, "the standard streams are open");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn nofile() -> io::Result<(u64, u64)> {
    limit(libc::RLIMIT_NOFILE)
}

#[cfg(target_env = "gnu")]
type Resource = libc::__rlimit_resource_t;
#[cfg(not(target_env = "gnu"))]
type Resource = libc::c_int;

fn limit(resource: Resource) -> io::Result<(u64, u64)> {
    let mut limit = libc::rlimit64 {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // The 64-bit form: on 32-bit machines the other one has its own "unlimited".
    // SAFETY: `limit` is a live record to be filled.
    let answer = unsafe { libc::getrlimit64(resource, &raw mut limit) };
    if answer == 0 {
        Ok((limit.rlim_cur, limit.rlim_max))
    } else {
        Err(io::Error::last_os_error())
    }
}

/// The release of the running kernel, like `6.18.1-amd64`; empty if it cannot be asked for. Man page: `uname(2)`.
///
/// ```
/// let release = uring_sys::limits::kernel_release();
/// let major: u32 = release.split('.').next().unwrap().parse()?;
/// assert!(major >= 4, "{release}");
/// # Ok::<(), std::num::ParseIntError>(())
/// ```
#[must_use]
pub fn kernel_release() -> String {
    // SAFETY: the record is nothing but character arrays, for which zeros are valid.
    let mut names: libc::utsname = unsafe { std::mem::zeroed() };
    // SAFETY: `names` is a live record to be filled.
    if unsafe { libc::uname(&raw mut names) } != 0 {
        return String::new();
    }
    // SAFETY: the kernel ends each name with a zero byte inside its array, which lives in this frame.
    let release = unsafe { CStr::from_ptr(names.release.as_ptr()) };
    release.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn soft_limits_are_not_above_the_hard_ones() {
        for (soft, hard) in [memlock().unwrap(), nofile().unwrap()] {
            assert!(soft <= hard);
        }
    }

    #[test]
    fn the_release_begins_with_a_version() {
        let release = kernel_release();
        let major = release.split('.').next().unwrap();
        assert!(major.parse::<u32>().unwrap() >= 4, "{release}");
    }
}
