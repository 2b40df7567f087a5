import CLinux
import Glibc
import Wire

/// Buffers that one loop's connections share, so that a connection at rest owns next to nothing.
@safe final class NBDScratch {
    /// Requests taken from a socket at a time: as many as a queue of 256 needs.
    static let inputByteCount = 256 * NBDProtocol.requestByteCount
    /// Replies of one `sendmsg`: a header and a slice each.
    static let replyLimit = 60
    /// Header of a structured reply with its offset.
    static let headerByteLimit = 28

    let input: UnsafeMutableRawPointer
    let headers: UnsafeMutableRawPointer
    let slices: UnsafeMutablePointer<iovec>
    var replyCount = 0
    var sliceCount = 0
    var headerByteCount = 0

    init() {
        unsafe input = .allocate(byteCount: Self.inputByteCount, alignment: 16)
        unsafe headers = .allocate(byteCount: Self.replyLimit * Self.headerByteLimit, alignment: 16)
        unsafe slices = .allocate(capacity: Self.replyLimit * 2)
    }

    deinit {
        unsafe input.deallocate()
        unsafe headers.deallocate()
        unsafe slices.deallocate()
    }

    /// Writes a reply header into the buffers: 16 bytes (simple), or 20 and 8 or 6 more (structured).
    func addHeader(
        _ request: NBDRequest, _ error: NBDError, dataByteCount: Int, isStructured: Bool
    ) -> iovec {
        let start = unsafe headers + headerByteCount
        let byteCount: Int
        if isStructured {
            unsafe start.storeBytes(of: NBDProtocol.structuredReplyMagic.bigEndian, as: UInt32.self)
            unsafe start.storeBytes(of: UInt16(1).bigEndian, toByteOffset: 4, as: UInt16.self)  // DONE
            unsafe start.storeBytes(of: request.cookie.bigEndian, toByteOffset: 8, as: UInt64.self)
            let type: UInt16
            let payload: Int
            if error != .none {
                (type, payload, byteCount) = (1 << 15 | 1, 6, 26)  // ERROR: number and an empty message
                unsafe start.storeBytes(of: error.rawValue.bigEndian, toByteOffset: 20, as: UInt32.self)
                unsafe start.storeBytes(of: 0, toByteOffset: 24, as: UInt16.self)
            } else if dataByteCount > 0 {
                (type, payload, byteCount) = (1, 8 + dataByteCount, 28)  // OFFSET_DATA
                unsafe start.storeBytes(of: request.offset.bigEndian, toByteOffset: 20, as: UInt64.self)
            } else {
                (type, payload, byteCount) = (0, 0, 20)  // NONE
            }
            unsafe start.storeBytes(of: type.bigEndian, toByteOffset: 6, as: UInt16.self)
            unsafe start.storeBytes(of: UInt32(payload).bigEndian, toByteOffset: 16, as: UInt32.self)
        } else {
            byteCount = 16
            unsafe start.storeBytes(of: NBDProtocol.simpleReplyMagic.bigEndian, as: UInt32.self)
            unsafe start.storeBytes(of: error.rawValue.bigEndian, toByteOffset: 4, as: UInt32.self)
            unsafe start.storeBytes(of: request.cookie.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        replyCount += 1
        headerByteCount += Self.headerByteLimit
        return unsafe iovec(iov_base: start, iov_len: byteCount)
    }
}
