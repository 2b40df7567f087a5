import Foundation

/// A copy of the root of the image `tiny`, to be changed and imported: it packs within a second, and boots.
struct TinyRoot {
    let path: String

    /// The kernel: one for virtual machines, or a general-purpose one, which has drivers for real controllers and cards.
    enum Kernel { case cloud, physical }

    /// - Parameter path: where to create it; the caller removes it.
    init(_ path: String, _ kernel: Kernel = .cloud) throws {
        self.path = path
        if kernel == .physical { try BootLab.makeGolden("physical") }
        try BootLab.run(
            "cp", ["-a", "\(BootLab.golden)/\(kernel == .cloud ? "root" : "physical")/.", path])
        try mark(0)
    }

    /// The release of its kernel, and so of its modules.
    var kernelRelease: String {
        get throws {
            let name = try FileManager.default.contentsOfDirectory(atPath: "\(path)/boot")
                .first { $0.hasPrefix("vmlinuz-") }
            return String(name?.dropFirst("vmlinuz-".count) ?? "")
        }
    }

    /// Changes its content.
    func mark(_ number: Int) throws { try write("\(number)\n", to: "etc/number") }

    func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    }

    /// Adds an incompressible file, as fast as the disk allows.
    func add(mebibytes: Int, to name: String) throws {
        let noise = "openssl enc -aes-128-ctr -nosalt -pass pass:x -in /dev/zero 2>/dev/null"
        try BootLab.run(
            "sh", ["-euc", "\(noise) | head -c \(mebibytes)M >\"$1\"", "sh", "\(path)/\(name)"])
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}
