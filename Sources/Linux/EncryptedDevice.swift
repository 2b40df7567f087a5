import CLinux

/// Devices that the kernel encrypts (dm-crypt, AES-256-XTS).
package enum EncryptedDevice {
    /// Bytes that one run of XTS encrypts; its tweak is the number of the first 512-byte sector (`plain64`, cryptsetup(8)).
    package static let sectorByteCount = 4_096

    /// Sets up an encrypted device on top of `device`. An unused one of the same name is removed first.
    ///
    /// - Parameter key: 64 bytes; nil means a random key, which is forgotten at once.
    /// - Returns: its path, `/dev/dm-N`.
    package static func make(over device: String, named name: String, key: [UInt8]? = nil) throws(SystemError)
        -> String
    {
        var path = [CChar](repeating: 0, count: 32)
        let bytes = key ?? []
        guard unsafe roost_encrypt_device(device, name, bytes, bytes.count, &path, path.count) == 0 else {
            throw SystemError("encrypt \(device)")
        }
        return String(decoding: path.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Grows the ext4 file system mounted at `directory` to the size of its device.
    package static func growFileSystem(at directory: String, on device: String) throws(SystemError) {
        guard unsafe roost_grow_ext4(directory, device) == 0 else {
            throw SystemError("enlarge the file system at \(directory)")
        }
    }
}
