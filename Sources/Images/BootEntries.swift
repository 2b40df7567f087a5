import Foundation

/// Entries of boot loaders (UAPI.1 *Boot Loader Specification*, type 1): files in `loader/entries` that say where kernels are.
struct BootEntries {
    /// One entry.
    private struct Entry {
        /// The kernel, as the root names it.
        var kernel: String
        /// What the entry says its version is.
        var version: String
    }

    /// Where the partitions with entries are mounted.
    private static let places = ["boot", "efi", "boot/efi"]
    private static let entryLimit = 256
    private let entries: [Entry]

    init(_ root: RootDirectory) {
        entries = Self.places.flatMap { place in
            let names = root.names(in: "\(place)/loader/entries").filter { $0.hasSuffix(".conf") }
            return names.sorted().prefix(Self.entryLimit).compactMap { name -> Entry? in
                guard let text = root.text(of: "\(place)/loader/entries/\(name)") else { return nil }
                var values: [Substring: String] = [:]
                for line in text.split(whereSeparator: \.isNewline) {
                    let words = line.split(maxSplits: 1) { $0 == " " || $0 == "\t" }
                    guard words.count == 2, let key = words.first, values[key] == nil else { continue }
                    values[key] = words[1].trimmingCharacters(in: .whitespaces)
                }
                guard let kernel = values["linux"] else { return nil }
                let path = kernel.replacing("\\", with: "/").split(separator: "/").joined(separator: "/")
                return Entry(kernel: "\(place)/\(path)", version: values["version"] ?? "")
            }
        }
    }

    /// The kernels that entries name for a release, in their version or in the kernel's path.
    func kernels(of release: KernelRelease) -> [String] {
        entries.filter { Self.isNamed(release, in: $0) }.map(\.kernel)
    }

    /// The kernels of entries that name no release.
    func otherKernels() -> [String] { entries.filter { $0.version.isEmpty }.map(\.kernel) }

    private static func isNamed(_ release: KernelRelease, in entry: Entry) -> Bool {
        // NixOS: «Generation 12 NixOS 24.11, Linux Kernel 6.6.63, Built on 2024-12-01».
        let words = entry.version.split { $0 == " " || $0 == "," || $0 == "(" || $0 == ")" }
        return words.contains { $0 == release.text }
            || entry.kernel.split(separator: "/").contains { $0 == release.text }
    }
}
