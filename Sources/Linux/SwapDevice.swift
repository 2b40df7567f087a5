import CLinux

/// What a node swaps to.
package enum SwapDevice {
    /// Begins to use a device; the higher the priority, the sooner.
    package static func use(_ device: String, priority: Int32) throws(SystemError) {
        guard unsafe roost_swap_on(device, priority) == 0 else { throw SystemError("swap to \(device)") }
    }

    /// Makes a device that encrypts `device` with a key that is forgotten at once.
    ///
    /// - Returns: its path, `/dev/dm-N`.
    package static func encrypted(over device: String, named name: String) throws(SystemError) -> String {
        var path = [CChar](repeating: 0, count: 32)
        guard unsafe roost_encrypt_device(device, name, &path, path.count) == 0 else {
            throw SystemError("encrypt \(device)")
        }
        return String(decoding: path.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
