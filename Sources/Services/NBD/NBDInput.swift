import Wire

/// What is taken from a socket, for all connections of one loop: one at rest owns next to nothing.
@safe final class NBDInput {
    /// As many requests as a queue of 256 needs.
    static let byteCount = 256 * NBDProtocol.requestByteCount

    let start: UnsafeMutableRawPointer

    init() { unsafe start = .allocate(byteCount: Self.byteCount, alignment: 16) }

    deinit { unsafe start.deallocate() }
}
