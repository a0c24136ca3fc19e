use build_reports::{Settings, run};
use bytes::Bytes;
use event::*;
use lake::{EventFile, LakeFile, LakeStore, ReportStore};
struct S(Vec<(String, Bytes)>);
impl LakeStore for S { type File = Bytes;
 async fn put(&self, _: &LakeFile) -> Result<(), PortError> { Ok(()) }
 async fn list(&self, _: &str) -> Result<Vec<String>, PortError> { Ok(self.0.iter().map(|f| f.0.clone()).collect()) }
 async fn open(&self, p: &str) -> Result<Bytes, PortError> { Ok(self.0.iter().find(|f| f.0 == p).unwrap().1.clone()) } }
impl ReportStore for S { async fn put(&self, f: &LakeFile) -> Result<(), PortError> { std::fs::write(format!("/tmp/speed-{}", f.path.rsplit('/').next().unwrap()), &f.bytes).unwrap(); Ok(()) } }
fn rss() -> String { std::fs::read_to_string("/proc/self/status").unwrap().lines().filter(|l| l.starts_with("VmRSS")||l.starts_with("VmHWM")).collect::<Vec<_>>().join(" ") }
fn main() {
    let bytes = std::fs::read("/work/tmp/e1m.ndjson").unwrap();
    let parser = Parser::new(Pseudonymizer::new(b"s"), ParserSettings::default());
    let mut f = EventFile::new(0, "log"); let mut files = vec![]; let mut n = 0;
    for l in bytes.split(|b| *b == b'\n').filter(|l| !l.is_empty()) {
        let Ok(p) = parser.parse(l, "web", Arrival::Recorded { now: 1795341600000 }) else { continue };
        f.push(n, 0, &p.event); n += 1;
        if f.len() == 65536 { let x = f.finish().unwrap(); files.push((x.path, Bytes::from(x.bytes))); }
    }
    let x = f.finish().unwrap(); files.push((x.path, Bytes::from(x.bytes)));
    drop(f); drop(bytes);
    println!("{n} {} {}", files.iter().map(|f| f.1.len()).sum::<usize>(), rss());
    let s = S(files);
    let t = std::time::Instant::now();
    let r = pollster::block_on(run(&s, &s, 1795341600000, &Settings::default())).unwrap();
    println!("{:?} {:?} {}", t.elapsed(), r.totals, rss());
}
