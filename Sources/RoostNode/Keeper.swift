import Glibc
import Linux
import Wire

/// What stays behind of the initramfs: mends the root's connections and renews the address.
///
/// It runs from memory that nobody can take away, needs no file, and does not end: an argument that begins with `@`
/// keeps systemd from ending it at shutdown, while the root still hangs on it
/// (https://systemd.io/ROOT_STORAGE_DAEMONS).
struct Keeper {
    private static let retrySeconds: UInt32 = 1
    let attachment: NBDAttachment

    /// For a root that does not hang on NBD.
    static func renewOnly() throws {
        let renewal = try LeaseRenewal(of: KernelWords.read())
        stay()
        renewal.run()
    }

    private static func stay() {
        unsafe CommandLine.unsafeArgv[0]?.pointee = CChar(bitPattern: UInt8(ascii: "@"))
        Machine.keepThisProgram()
    }

    func run() throws {
        Self.stay()
        let netlink = try GenericNetlink(family: "nbd")
        try netlink.join("nbd_mc_group")
        // One of the keepers is enough for that.
        if attachment.device == 0, let renewal = try? LeaseRenewal(of: KernelWords.read()) {
            try NamedThread.start("roost-lease") { renewal.run() }
        }
        while true {
            try attachment.waitForDeadConnection(netlink)
            // One announcement for each dead connection: one new connection for each announcement.
            while (try? attachment.replaceConnection()) == nil { sleep(Self.retrySeconds) }
        }
    }
}

/// Renews the address that DHCP gave the boot loader, as the system that now uses it (RFC 2131 §4.4.5).
struct LeaseRenewal: Sendable {
    private let address: IPv4Address
    private let server: IPv4Address
    private let machine: MACAddress
    private let leaseSeconds: Int

    /// What `udhcpc` got in the initramfs: the address, its server and its seconds.
    private static let ownLeasePath = "/run/roost/lease"

    /// Fails where there is nothing to renew: a lease without end, or an address that somebody wrote down.
    init(of words: KernelWords) throws(UsageError) {
        let text = (try? WholeFile.read(Self.ownLeasePath)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let own = text.split(whereSeparator: \.isWhitespace)
        if own.count == 3, let address = IPv4Address(own[0]), let server = IPv4Address(own[1]),
            let seconds = UInt32(own[2]), seconds != .max
        {
            (self.address, self.server, machine, leaseSeconds) = (
                address, server, words.machine, Int(seconds)
            )
        } else if let address = words.address, let seconds = words.leaseSeconds {
            (self.address, server, machine, leaseSeconds) = (address, words.server, words.machine, seconds)
        } else {
            throw UsageError(text: "no lease to renew")
        }
    }

    func run() {
        var wait = leaseSeconds / 2
        while true {
            sleep(UInt32(max(1, wait)))
            // After a failure sooner again: half of what is left, a minute at the least.
            wait = renew() ? leaseSeconds / 2 : max(min(60, leaseSeconds / 8), wait / 2)
        }
    }

    private func renew() -> Bool {
        var request = DHCPMessage(transaction: UInt32.random(in: .min ... .max), from: machine)
        request.clientAddress = address
        request.options.set(.messageType, to: .request)
        var bytes: [UInt8] = []
        request.write(to: &bytes)
        guard let socket = try? Socket.datagram(address, port: 68, isShared: true),
            (try? Socket.connect(socket, to: server, port: 67)) != nil, (try? socket.write(bytes)) != nil
        else { return false }
        for _ in 0..<50 {
            usleep(100_000)
            guard let answer = try? socket.read(atMost: 1_500) else { continue }
            var wire = answer.span
            guard let message = try? DHCPMessage(parsing: &wire), message.transaction == request.transaction
            else { continue }
            return (try? message.options.value(of: .messageType)) == .ack
        }
        return false
    }
}
