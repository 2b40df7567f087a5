import NodeWork
import Testing
import Wire

@Suite struct KernelWordsTests {
    private static let line = """
        BOOT_IMAGE=kernel ip=10.77.0.100:10.77.0.1:10.77.0.1:255.255.255.0:pc-1 BOOTIF=01-52-54-00-12-34-56 quiet \
        roost.http=10.77.0.1:8080 roost.boot=0123456789abcdef roost.lease=3600
        """

    @Test func `a command line says server, boot, machine and lease`() throws {
        let words = try KernelWords(Self.line + "\n")
        #expect(words.http == (try Endpoint("10.77.0.1:8080")))
        #expect(words.boot == "0123456789abcdef")
        #expect(words.machine == MACAddress("52:54:00:12:34:56"))
        #expect(words.address == IPv4Address("10.77.0.100"))
        #expect(words.server == IPv4Address("10.77.0.1"))
        #expect(words.leaseSeconds == 3_600)
    }

    @Test func `of a word that comes twice the last counts, and what is not known is passed over`() throws {
        let words = try KernelWords(
            "roost.boot=a " + Self.line + " roost.boot=b=c =x roost.lease roost.http.x=1 \t roost.lease=")
        #expect(words.boot == "b=c")
        #expect(words.leaseSeconds == 3_600)
    }

    @Test(
        arguments: [
            "", "quiet", "roost.http=10.77.0.1:80", "BOOTIF=01-52-54-00-12-34-56",
            "roost.http=server:80 BOOTIF=01-52-54-00-12-34-56",
            "roost.http=10.77.0.1 BOOTIF=01-52-54-00-12-34-56",
            "roost.http=10.77.0.1:65536 BOOTIF=01-52-54-00-12-34-56",
            "roost.http=10.77.0.1:80:1 BOOTIF=01-52-54-00-12-34-56", "roost.http=10.77.0.1:80 BOOTIF=01",
            "roost.http=10.77.0.1:80 BOOTIF=",
        ])
    func `without a server or a card there is nothing to do`(line: String) {
        #expect(throws: UsageError.self) { try KernelWords(line) }
    }

    @Test(arguments: ["dhcp", ":::::eth0:dhcp", "", "10.77.0.1000"])
    func `an address that the kernel gets by itself is none that was handed down`(ip: String) throws {
        let words = try KernelWords("roost.http=10.77.0.1:80 BOOTIF=01-52-54-00-12-34-56 ip=\(ip)")
        #expect(words.address == nil && words.leaseSeconds == nil && words.boot.isEmpty)
    }

    @Test(arguments: ["-1", "4294967296", "1.5", "x"])
    func `a lease that is no number of seconds is none`(seconds: String) throws {
        let words = try KernelWords(
            "roost.http=10.77.0.1:80 BOOTIF=01-52-54-00-12-34-56 roost.lease=\(seconds)")
        #expect(words.leaseSeconds == nil)
    }

    @Test(arguments: [
        ("roost.nfs=10.77.0.1:/srv/a b roost.nfs-root=own", "srv/a"),
        ("roost.nfs=10.77.0.1:/var/lib/roost/trees/pc-1/3 roost.nfs-root=own", "pc-1/3"),
        ("roost.nfs=10.77.0.1:/var/lib/roost/images/debian/0a1b roost.nfs-root=shared", nil),
        ("roost.nfs=10.77.0.1:/var/lib/roost/images/debian/0a1b", nil), ("roost.nfs-root=own", nil),
    ])
    func `a node names the tree that is its own, and no shared root`(words: String, tree: String?) throws {
        #expect(try KernelWords(Self.line + " " + words).tree == tree)
    }

    // MARK: The lease

    private static func renewal(_ line: String = Self.line, own: String = "") throws -> LeaseRenewal? {
        LeaseRenewal(of: try KernelWords(line), ownLease: own)
    }

    @Test func `the lease of the loader is renewed, or the newer one of the initramfs`() throws {
        let loader = try Self.renewal()
        #expect(loader?.address == IPv4Address("10.77.0.100"))
        #expect(loader?.leaseSeconds == 3_600)
        let own = try Self.renewal(own: "10.77.0.200 10.77.0.2 600\n")
        #expect(own?.address == IPv4Address("10.77.0.200"))
        #expect(own?.server == IPv4Address("10.77.0.2"))
        #expect(own?.leaseSeconds == 600)
        #expect(own?.machine == MACAddress("52:54:00:12:34:56"))
    }

    @Test(arguments: ["10.77.0.200 10.77.0.2", "10.77.0.200 10.77.0.2 4294967295", "a b c", "1 2 3 4"])
    func `what the initramfs got without an end, or not whole, does not count`(own: String) throws {
        #expect(try Self.renewal(own: own)?.address == IPv4Address("10.77.0.100"))
    }

    @Test func `where nothing ends there is nothing to renew`() throws {
        let line = "roost.http=10.77.0.1:80 BOOTIF=01-52-54-00-12-34-56"
        #expect(try Self.renewal(line) == nil)
        #expect(try Self.renewal(line + " ip=10.77.0.100") == nil)
        #expect(try Self.renewal(line + " roost.lease=60") == nil)
    }

    @Test func `a lease is renewed at its half, after a failure sooner, and not without a pause`() throws {
        let renewal = try #require(try Self.renewal())
        #expect(renewal.firstWait == 1_800)
        var waits = [renewal.firstWait]
        for _ in 0..<6 { waits.append(renewal.wait(behind: waits.last ?? 0, isRenewed: false)) }
        #expect(waits == [1_800, 900, 450, 225, 112, 60, 60])
        #expect(renewal.wait(behind: 60, isRenewed: true) == 1_800)
        let short = try #require(try Self.renewal(own: "10.77.0.200 10.77.0.2 16"))
        #expect(short.firstWait == 8)
        #expect(short.wait(behind: 8, isRenewed: false) == 4)
        #expect(short.wait(behind: 2, isRenewed: false) == 2)
    }

    // MARK: Times and sizes

    @Test func `a machine that is not ready in time starts again`() {
        let deadline = Deadline(seconds: 300)
        #expect(deadline.outcome(uptime: 0, isReady: false) == .wait)
        #expect(deadline.outcome(uptime: 299, isReady: false) == .wait)
        #expect(deadline.outcome(uptime: 300, isReady: false) == .restart)
        // It was ready, and looked at late.
        #expect(deadline.outcome(uptime: 301, isReady: true) == .met)
        #expect(deadline.outcome(uptime: 0, isReady: true) == .met)
    }

    @Test(
        arguments: [
            ("12.34", 20_000, 7_660), ("12", 20_000, 8_000), ("12.3", 20_000, 7_970), ("20.00", 20_000, 0),
            ("20.01", 20_000, nil), ("", 20_000, nil), ("x", 20_000, nil), ("-1", 20_000, nil),
            ("99999999999", 20_000, nil), ("12.34", nil, nil), (nil, 20_000, nil),
        ] as [(String?, Int?, Int?)])
    func `a stage that was reached before is as old as the kernel's clock says`(
        uptime: String?, now: Int?, age: Int?
    ) {
        #expect(ServerTalk.age(of: uptime.flatMap(ServerTalk.milliseconds), now: now) == age)
    }

    @Test(
        arguments: [
            (0, 4_096), (1 << 30, 4_096), (1 << 30 + 1_024, 1_024), (1 << 30 + 512, 512),
            (1 << 30 + 1, 512), (.max, 512),
        ] as [(UInt64, UInt64)])
    func `an export has the largest block of which it is made`(byteCount: UInt64, expected: UInt64) {
        #expect(NBDAttachment.blockByteCount(ofExport: byteCount) == expected)
    }
}
