/// User Class, DHCP option 77: the loader's name for itself.
///
/// RFC 3004 §4 puts a length before each class. iPXE and gPXE send the bare bytes `iPXE`; QEMU's network card ROM is
/// one that does (capture `ipxe-discover`). Others end them with a zero, or count that or the length itself in. All are read.
package struct UserClass: WireCodable, Equatable, Sendable {
    package var classes: [String]

    package init(_ classes: [String]) { self.classes = classes }

    package init(parsing wire: inout Span<UInt8>) throws(WireError) {
        let bytes = try wire.read(byteCount: wire.count)
        classes = Self.lengthPrefixed(bytes) ?? Self.bare(bytes)
    }

    /// Names between bytes that no name has.
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
            // A zero within a name: this was no length, or it counted too much.
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
