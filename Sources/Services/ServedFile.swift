import CLinux
import Glibc
package import Linux
import Synchronization

/// A file that clients read from, and which parts of it are in the page cache.
///
/// Reading uncached data would stop the loop, and with it every other machine, for as long as the disk takes. So the loop asks first
/// (`mincore`), remembers the answer for a while, and leaves uncached pieces to `ColdReaders`.
package final class ServedFile {
    /// The unit in which cache state is remembered and data is fetched.
    static let pieceByteCount = 256 * 1024
    /// Milliseconds after which the kernel is asked again: it may have reclaimed the memory.
    private static let rememberMilliseconds = 60_000

    /// MADV_POPULATE_READ, which the Glibc module does not export.
    private static let populateForReading: Int32 = 22

    package let mapped: MappedFile
    /// How the file looked when it was opened; nil: it could not be seen.
    let stamp: FileStamp?
    private let readers: ColdReaders
    /// One bit per piece that was in the cache when we asked.
    private var warm: [UInt64]
    private var rememberedUntil = 0

    init(_ mapped: MappedFile, readers: ColdReaders) {
        self.mapped = mapped
        stamp = FileStamp(of: mapped.descriptor)
        self.readers = readers
        warm = [UInt64](repeating: 0, count: (mapped.byteCount / Self.pieceByteCount + 64) / 64)
    }

    package var byteCount: Int { mapped.byteCount }

    /// Whether a range can be read without waiting for a disk.
    func isWarm(_ range: Range<Int>) -> Bool {
        guard !range.isEmpty else { return true }
        let first = range.lowerBound / Self.pieceByteCount
        let last = (range.upperBound - 1) / Self.pieceByteCount
        for piece in first...last {
            if warm[piece / 64] & 1 << UInt64(piece % 64) != 0 { continue }
            guard isCached(piece) else { return false }
            if rememberedUntil == 0 { rememberedUntil = EventLoop.now() + Self.rememberMilliseconds }
            warm[piece / 64] |= 1 << UInt64(piece % 64)
        }
        return true
    }

    /// Forgets answers that are too old.
    func age(now: Int) {
        guard rememberedUntil != 0, now > rememberedUntil else { return }
        rememberedUntil = 0
        for index in warm.indices { warm[index] = 0 }
    }

    private func isCached(_ piece: Int) -> Bool {
        guard let start = unsafe mapped.start else { return true }
        let offset = piece * Self.pieceByteCount
        let length = min(Self.pieceByteCount, mapped.byteCount - offset)
        let pages = (length + 4095) / 4096
        return unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: pages) { residency in
            let address = unsafe UnsafeMutableRawPointer(mutating: start + offset)
            guard unsafe roost_resident_pages(address, length, residency.baseAddress) == 0 else {
                return true
            }
            guard unsafe residency.prefix(pages).allSatisfy({ $0 & 1 == 1 }) else { return false }
            // All at once: otherwise every sixteenth page causes its own fault. Kernels before 5.14 lack this.
            _ = unsafe madvise(address, length, Self.populateForReading)
            return true
        }
    }

    /// Brings a range into the cache on another thread, then calls `done` on the loop.
    func fetch(_ range: Range<Int>, then done: @escaping () -> Void) {
        let first = range.lowerBound / Self.pieceByteCount * Self.pieceByteCount
        let end = min(
            byteCount,
            (range.upperBound + Self.pieceByteCount - 1) / Self.pieceByteCount * Self.pieceByteCount)
        readers.read(mapped, first..<max(first, end), then: done)
    }
}

/// A few threads that wait for disks so that the loop does not have to.
package final class ColdReaders: Sendable {
    private static let threadCount = 4

    private struct Job: Sendable {
        var file: MappedFile
        var range: Range<Int>
        var number: Int
    }

    /// The loop's side: what to call when a job is done. Only the loop's thread touches it.
    private final class Callbacks: @unchecked Sendable {
        // Sendable: only the loop's thread reads and writes it.
        var waiting: [Int: () -> Void] = [:]
        var next = 0
    }

    private let queue = Mutex<[Job]>([])
    private let available: FileDescriptor
    private let mailbox: EventLoop.Mailbox
    private let callbacks = Callbacks()

    package init(mailbox: EventLoop.Mailbox) throws(SystemError) {
        // A semaphore: each read takes one job.
        let number = eventfd(0, Int32(EFD_SEMAPHORE))
        guard number >= 0 else { throw SystemError("create an event descriptor") }
        available = FileDescriptor(owning: number)
        self.mailbox = mailbox
        for index in 0..<Self.threadCount { try NamedThread.start("roost-read-\(index)") { [self] in run() } }
    }

    /// For the loop's thread only.
    fileprivate func read(_ file: MappedFile, _ range: Range<Int>, then done: @escaping () -> Void) {
        callbacks.next += 1
        let number = callbacks.next
        callbacks.waiting[number] = done
        queue.withLock { $0.append(Job(file: file, range: range, number: number)) }
        _ = eventfd_write(available.number, 1)
    }

    private func run() {
        var scratch = [UInt8](repeating: 0, count: ServedFile.pieceByteCount)
        while true {
            var value: eventfd_t = 0
            guard unsafe eventfd_read(available.number, &value) == 0 else { continue }
            guard let job = queue.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) else { continue }
            var offset = job.range.lowerBound
            while offset < job.range.upperBound {
                let count = min(scratch.count, job.range.upperBound - offset)
                let got = unsafe scratch.withUnsafeMutableBytes { buffer in
                    unsafe pread(job.file.descriptor.number, buffer.baseAddress, count, off_t(offset))
                }
                // A disk that fails shows itself to the next reader.
                guard got > 0 else { break }
                offset += got
            }
            mailbox.submit { [callbacks] _ in callbacks.waiting.removeValue(forKey: job.number)?() }
        }
    }
}
