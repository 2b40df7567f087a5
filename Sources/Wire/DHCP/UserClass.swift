/// User Class, DHCP option 77: the loader's name for itself.
///
/// RFC 3004 §4 puts a length before each class. iPXE and gPXE send the bare bytes `iPXE`; so does the ROM of QEMU's network card (capture
/// `ipxe-discover`). Others add a terminating zero, or count that zero or the length byte itself. All of these are read.
package struct UserClass: WireCodable, Equatable, Sendable {
    package var classes: [String]

    package init(_ classes: [String]) { self.classes = classes }

    package init(parsing wire: inout Span<UInt8>) throws(WireError) {
        let bytes = try wire.read(byteCount: wire.count)
        classes = Self.lengthPrefixed(bytes) ?? Self.bare(bytes)
    }

    /// Names, separated by bytes that no name contains.
    private static func bare(_ bytes: [UInt8]) -> [String] {
        bytes.split { !(0x20...0x7E).contains($0) }.map { String(decoding: $0, as: UTF8.self) }
    }

    private static func lengthPrefixed(_ bytes: [UInt8]) -> [String]? {
        var found: [String] = []
        var position = 0
        while position < bytes.count {
            let count = Int(bytes[position])
            guard count > 0, position + 1 + count <= bytes.count else { return nil }
            let name = bytes[position + 1..<position + 1 + count]
            // A zero inside a name: this was no length, or it was too large.
            guard !name.contains(0) else { return nil }
            found.append(String(decoding: name, as: UTF8.self))
            position += 1 + count
        }
        return found
    }

    package func write(to wire: inout [UInt8]) {
        for name in classes {
            wire.append(UInt8(truncatingIfNeeded: name.utf8.count))
            wire.write(name)
        }
    }
}

extension DHCPOption<UserClass> {
    package static var userClass: Self { Self(code: 77) }
}
