import Glibc
import Linux

/// What remains of the initramfs: repairs the root's connections and renews the address.
///
/// It runs from memory that cannot be taken away, needs no file, and does not end: an argument that begins with `@` keeps systemd from
/// ending it at shutdown, while the root still depends on it (https://systemd.io/ROOT_STORAGE_DAEMONS).
package struct Keeper {
    private static let retrySeconds: UInt32 = 1
    private let attachment: NBDAttachment

    package init(attachment: NBDAttachment) { self.attachment = attachment }

    /// For a root that does not depend on NBD.
    package static func renewOnly() throws {
        let renewal = try LeaseRenewal(of: KernelWords.read())
        stay()
        renewal.run()
    }

    private static func stay() {
        unsafe CommandLine.unsafeArgv[0]?.pointee = CChar(bitPattern: UInt8(ascii: "@"))
        Machine.keepThisProgram()
    }

    package func run() throws {
        Self.stay()
        let netlink = try GenericNetlink(family: "nbd")
        try netlink.join("nbd_mc_group")
        // One keeper is enough for that.
        if attachment.device == 0, let renewal = try? LeaseRenewal(of: KernelWords.read()) {
            try NamedThread.start("roost-lease") { renewal.run() }
        }
        while true {
            try attachment.waitForDeadConnection(netlink)
            // One announcement per dead connection: one new connection per announcement.
            while (try? attachment.replaceConnection()) == nil { sleep(Self.retrySeconds) }
        }
    }
}
