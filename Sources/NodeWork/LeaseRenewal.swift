import Glibc
import Linux
package import Wire

/// Renews the address that DHCP gave the boot loader, for the system that now uses it (RFC 2131 §4.4.5).
package struct LeaseRenewal: Equatable, Sendable {
    package let address: IPv4Address
    package let server: IPv4Address
    package let machine: MACAddress
    package let leaseSeconds: Int

    /// What `udhcpc` got in the initramfs: the address, its server and its lease time in seconds.
    private static let ownLeasePath = "/run/roost/lease"

    /// Fails when there is nothing to renew.
    init(of words: KernelWords) throws(UsageError) {
        let text = (try? WholeFile.read(Self.ownLeasePath)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        guard let renewal = LeaseRenewal(of: words, ownLease: text) else {
            throw UsageError(text: "no lease to renew")
        }
        self = renewal
    }

    /// Nil when there is nothing to renew: an infinite lease, or a static address.
    ///
    /// - Parameter ownLease: what `udhcpc` got, which is newer than the loader's; empty if there was none.
    package init?(of words: KernelWords, ownLease: String) {
        let own = ownLease.split(whereSeparator: \.isWhitespace)
        if own.count == 3, let address = IPv4Address(own[0]), let server = IPv4Address(own[1]),
            let seconds = UInt32(own[2]), seconds != .max
        {
            (self.address, self.server, leaseSeconds) = (address, server, Int(seconds))
        } else if let address = words.address, let seconds = words.leaseSeconds {
            (self.address, server, leaseSeconds) = (address, words.server, seconds)
        } else {
            return nil
        }
        machine = words.machine
    }

    func run() {
        var wait = firstWait
        while true {
            sleep(UInt32(max(1, wait)))
            wait = self.wait(behind: wait, isRenewed: renew())
        }
    }

    /// Seconds until the first renewal: half of the lease.
    package var firstWait: Int { leaseSeconds / 2 }

    /// Seconds until the next one. Sooner after a failure: half of what is left, at least a minute.
    package func wait(behind last: Int, isRenewed: Bool) -> Int {
        isRenewed ? firstWait : max(min(60, leaseSeconds / 8), last / 2)
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
