import Fleet
package import Foundation
import Linux
import Sealing

extension Fleet.Digest {
    /// Digest of bytes in memory.
    package init(of data: Data) { self.init(hash: SHA256.hash(data)) }

    /// Digest of a file, read in pieces: the next is read while one is hashed.
    package init(ofFile path: String) throws {
        // Reading one piece is faster than starting a thread.
        if try FileDescriptor(opening: path).byteCount() <= 256 * 1024 {
            self.init(hash: SHA256.hash(try WholeFile.read(path)))
            return
        }
        let hash = SHA256()
        try unsafe PieceReader(path).forEach { unsafe hash.update($0) }
        self.init(hash: hash.finish())
    }

    private init(hash: [UInt8]) {
        let text = Hashing.hexadecimal(hash)
        // A SHA-256 digest always has 64 digits.
        guard let digest = Fleet.Digest(text) else { preconditionFailure("SHA-256 without 64 digits") }
        self = digest
    }
}

/// Reads a file on its own thread, two pieces ahead of the consumer, which must read to the end.
private final class PieceReader: Sendable {
    @safe private final class Slot: @unchecked Sendable {
        // Sendable: the reading thread owns it between `free` and `filled`, the caller between `filled` and `free`.
        /// Small enough for the processor's cache.
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 64)
        var count: Result<Int, SystemError> = .success(0)

        deinit { unsafe buffer.deallocate() }
    }

    private let slots = [Slot(), Slot()]
    private let free = DispatchSemaphore(value: 0)
    private let filled = DispatchSemaphore(value: 0)

    init(_ path: String) throws {
        let file = try FileDescriptor(opening: path)
        // Releasing a semaphore below its initial value ends the program (dispatch_semaphore_create(3)).
        for _ in slots { free.signal() }
        Thread.detachNewThread { [self] in
            for turn in 0... {
                free.wait()
                let slot = slots[turn % 2]
                slot.count = Result { () throws(SystemError) in try unsafe file.read(into: slot.buffer) }
                let isOver = (try? slot.count.get()) ?? 0 == 0
                filled.signal()
                if isOver { return }
            }
        }
    }

    /// Calls `take` with each piece, in order.
    func forEach(_ take: (UnsafeRawBufferPointer) -> Void) throws {
        for turn in 0... {
            filled.wait()
            let slot = slots[turn % 2]
            let count = try slot.count.get()
            guard count > 0 else { return }
            unsafe take(UnsafeRawBufferPointer(rebasing: slot.buffer[..<count]))
            free.signal()
        }
    }
}
