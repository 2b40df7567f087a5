import Glibc

/// A file mapped read-only, with its descriptor for `sendfile`. The file must not be truncated while it is mapped: image files never are.
@safe package final class MappedFile: @unchecked Sendable {
    // Sendable: nothing changes after the initialiser, and the memory is read-only.
    package let descriptor: FileDescriptor
    package let byteCount: Int
    /// Nil for an empty file.
    package let start: UnsafeRawPointer?

    package init(_ path: String) throws(SystemError) {
        descriptor = try FileDescriptor(opening: path)
        byteCount = try descriptor.byteCount()
        guard byteCount > 0 else {
            unsafe start = nil
            return
        }
        let address = unsafe mmap(nil, byteCount, PROT_READ, MAP_SHARED, descriptor.number, 0)
        guard let address = unsafe address, unsafe address != MAP_FAILED else {
            throw SystemError("map \(path) into memory")
        }
        unsafe start = UnsafeRawPointer(address)
    }

    deinit {
        if let start = unsafe start { unsafe munmap(UnsafeMutableRawPointer(mutating: start), byteCount) }
    }
}
