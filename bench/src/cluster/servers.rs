//! Three NATS servers that are one cluster, with their data in folders that go away.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::time::ClockId;
use nix::unistd::Pid;

use super::Result;

/// Running servers. They end with this value.
pub struct Servers {
    children: Vec<Child>,
    ports: Vec<u16>,
    folder: PathBuf,
}

impl Servers {
    /// Starts three in a folder. They have no leader yet.
    pub fn start(folder: &Path) -> Result<Servers> {
        // Held until all are known, so that each is another one.
        let free = (0..6).map(|_| TcpListener::bind("127.0.0.1:0")).collect::<std::io::Result<Vec<_>>>()?;
        let ports = free.iter().map(|free| Ok(free.local_addr()?.port())).collect::<Result<Vec<u16>>>()?;
        drop(free);
        let mut servers =
            Servers { children: Vec::new(), ports: ports[..3].to_vec(), folder: folder.to_owned() };
        for number in 0..3 {
            let own = folder.join(format!("n{number}"));
            fs::create_dir_all(&own)?;
            let others = (3..6).filter(|other| *other != number + 3);
            let others: Vec<String> =
                others.map(|other| format!("nats://127.0.0.1:{}", ports[other])).collect();
            let (port, route, others) = (ports[number], ports[number + 3], others.join(", "));
            let text = format!(
                "server_name: n{number}\nlisten: \"127.0.0.1:{port}\"\njetstream {{ store_dir: {own:?} }}\n\
                 cluster {{ name: bench, listen: \"127.0.0.1:{route}\", routes: [{others}] }}\n"
            );
            fs::write(own.join("server.conf"), text)?;
            let mut command = Command::new("nats-server");
            command.arg("-c").arg(own.join("server.conf")).arg("-l").arg(own.join("log"));
            let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
            let child =
                child.map_err(|error| format!("nats-server: {error}; apt-get install nats-server"))?;
            servers.children.push(child);
        }
        Ok(servers)
    }

    /// All addresses, that of one server first.
    pub fn addresses(&self, first: usize) -> String {
        let ports = (0..3).map(|place| self.ports[(first + place) % 3]);
        ports.map(|port| format!("nats://127.0.0.1:{port}")).collect::<Vec<_>>().join(",")
    }

    /// Processor time of all three so far.
    pub fn cpu_time(&self) -> Duration {
        let time = |child: &Child| {
            let pid = Pid::from_raw(i32::try_from(child.id()).ok()?);
            Some(Duration::from(ClockId::pid_cpu_clock_id(pid).ok()?.now().ok()?))
        };
        self.children.iter().filter_map(time).sum()
    }

    /// That of one.
    pub fn address(&self, which: usize) -> String {
        format!("nats://127.0.0.1:{}", self.ports[which])
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for child in &mut self.children {
            // It may have ended by itself; either way it is gone when this is over.
            let _ = child.kill();
            let _ = child.wait();
        }
        // What is left is in the folder for temporary files.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
