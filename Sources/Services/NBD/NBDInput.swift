import Wire

/// The receive buffer shared by all connections of one loop: an idle connection owns next to nothing.
@safe final class NBDInput {
    /// Room for a queue of 256 requests.
    static let byteCount = 256 * NBDProtocol.requestByteCount

    let start: UnsafeMutableRawPointer

    init() { unsafe start = .allocate(byteCount: Self.byteCount, alignment: 16) }

    deinit { unsafe start.deallocate() }
}
