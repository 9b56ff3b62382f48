//! Names to addresses, and the one number that each machine draws.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::timeout;

use crate::args::HostPort;
use crate::exit::{Code, Failure};

/// How long a name server may take.
const LOOKUP: Duration = Duration::from_secs(5);

/// Every address of a name.
pub(crate) async fn lookup(name: &str) -> std::io::Result<Vec<SocketAddr>> {
    let found = timeout(LOOKUP, tokio::net::lookup_host(name)).await??;
    Ok(found.collect())
}

/// The first address of a name to listen at.
pub(crate) async fn resolve(listen: &HostPort) -> Result<SocketAddr, Failure> {
    let found = lookup(listen.as_str()).await.map_err(|error| Failure::listen(listen, &error))?;
    found.first().copied().ok_or_else(|| Failure::usage(format!("{listen} has no address")))
}

/// A random number from the system.
pub(crate) fn entropy() -> Result<u64, Failure> {
    getrandom::u64().map_err(|error| Failure::new(Code::Other, format!("no random numbers: {error}")))
}
