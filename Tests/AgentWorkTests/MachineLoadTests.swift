import API
import Fleet
import Testing

@testable import AgentWork

@Suite struct MachineLoadTests {
    private static let memory =
        "MemTotal:        8052248 kB\nMemFree:          100000 kB\nMemAvailable:    6039186 kB\n"

    @Test func `load, memory and pressure are the kernel's`() throws {
        let files = [
            "cpu":
                "some avg10=12.50 avg60=3.00 avg300=1.00 total=1\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
            "memory": "some avg10=0.00 avg60=0.00 avg300=0.00 total=1\n",
        ]
        let load = try #require(
            MachineLoad(loadAverage: "0.52 0.58 0.59 1/467 28317\n", memory: Self.memory) { files[$0] })
        #expect(load.loadAverage == 0.52)
        #expect(load.memoryByteCount == 8_052_248 << 10)
        #expect(load.availableByteCount == 6_039_186 << 10)
        #expect(load.pressure == AgentReport.Pressure(processors: 0.125, memory: 0, io: nil))
    }

    @Test func `without the kernel's files pressure is not known, and not none`() throws {
        let load = try #require(MachineLoad(loadAverage: "1 1 1 1/1 1", memory: Self.memory) { _ in nil })
        #expect(load.pressure == nil)
    }

    @Test(arguments: [
        ("", Self.memory), ("x", Self.memory), ("0.5", ""), ("0.5", "MemTotal: 1 kB\n"),
        ("0.5", "MemTotal: -1 kB\nMemAvailable: 1 kB\n"),
        ("0.5", "MemTotal: 99999999999999999999 kB\nMemAvailable: 1 kB\n"),
    ])
    func `texts that are none are not believed`(average: String, memory: String) {
        #expect(MachineLoad(loadAverage: average, memory: memory) { _ in nil } == nil)
    }

    @Test func `a report tells release, host keys and troubles of its machine`() throws {
        let root = try TemporaryRoot([
            "/proc/loadavg": "0.25 0 0 1/1 1", "/proc/meminfo": Self.memory, "/proc/net/unix": "Num\n",
            "/proc/uptime": "93784.27 180000.01\n",
            "/proc/net/tcp": "sl\n 0: 00000000:0016 00000000:0000 0A 0\n",
            "/proc/sys/kernel/random/boot_id": "2f8b\n",
            "/etc/os-release": "PRETTY_NAME=\"Debian GNU/Linux 13\"\nID=debian\nVERSION_ID=\"13\"\n",
            "/etc/ssh/ssh_host_ed25519_key.pub": "ssh-ed25519 AAAA root@ts1\n",
        ])
        var maker = ReportMaker(root.places, version: "1")
        let report = maker.look(now: 0) { _, _ in }
        #expect(report.bootID == "2f8b" && report.uptime == 93_784)
        #expect(report.release == "debian-13")
        #expect(report.hostKeys == ["ssh-ed25519 AAAA"])
        #expect(report.ports == [.ssh: 22])
        #expect(report.load.loadAverage == 0.25)
        // Without a session, what is used is what the machine needs for itself; the next run of the agent knows it.
        let idle = report.load.usedMemoryByteCount
        #expect(report.load.idleMemoryByteCount == idle)
        #expect(ReportMaker(root.places, version: "1").seen.idleMemory == idle)
        try root.write("thin-7\n", to: "/etc/roost-release")
        #expect(maker.look(now: 5) { _, _ in }.release == "thin-7")
    }
}
