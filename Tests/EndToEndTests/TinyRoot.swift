import Foundation

/// A copy of the root of the image `tiny`, to be changed and imported: it packs within a second, and boots.
struct TinyRoot {
    let path: String

    /// Which kernel it has: that for virtual machines, or that for all computers, which has drivers of real controllers and cards.
    enum Kernel { case cloud, physical }

    /// - Parameter path: where it is made; the caller removes it.
    init(_ path: String, _ kernel: Kernel = .cloud) throws {
        self.path = path
        if kernel == .physical { try BootLab.makeGolden("physical") }
        try BootLab.run(
            "cp", ["-a", "\(BootLab.golden)/\(kernel == .cloud ? "root" : "physical")/.", path])
        try mark(0)
    }

    /// The release of its kernel, which is that of its modules.
    var kernelRelease: String {
        get throws {
            let name = try FileManager.default.contentsOfDirectory(atPath: "\(path)/boot")
                .first { $0.hasPrefix("vmlinuz-") }
            return String(name?.dropFirst("vmlinuz-".count) ?? "")
        }
    }

    /// Makes its content another one.
    func mark(_ number: Int) throws { try write("\(number)\n", to: "etc/number") }

    func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    }

    /// Adds a file that no packer makes smaller, as fast as the disk takes it.
    func add(mebibytes: Int, to name: String) throws {
        let noise = "openssl enc -aes-128-ctr -nosalt -pass pass:x -in /dev/zero 2>/dev/null"
        try BootLab.run(
            "sh", ["-euc", "\(noise) | head -c \(mebibytes)M >\"$1\"", "sh", "\(path)/\(name)"])
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}
