import Foundation
import Linux

/// The kernels in a root: which there are, where each one is, and which lack their file or their modules.
struct KernelSearch {
    /// A kernel that can be packed.
    struct Kernel: Equatable {
        let release: KernelRelease
        /// The path of its file on this machine, with all links followed.
        let path: String
        /// The same path as the root names it, for people.
        let place: String
        /// The directory of its modules, as the root names it. It may be missing when everything is built in.
        let modules: String
    }

    /// The first choice comes last.
    private(set) var kernels: [Kernel] = []
    /// Modules without a kernel.
    private(set) var withoutKernel: [KernelRelease] = []
    /// Modules without depmod's lists: nothing could be loaded.
    private(set) var withoutIndex: [KernelRelease] = []
    /// Files that are named like kernels but belong to no modules.
    private(set) var withoutModules: [String] = []
    /// Unified kernel images (systemd-stub(7)), which contain their own initrd.
    private(set) var unified: [String] = []
    /// Files in a kernel's place that are something else: `boot/vmlinuz is a web page`.
    private(set) var placeholders: [String] = []
    /// Kernels wrapped for U-Boot (uImage, FIT), which no other boot loader reads.
    private(set) var wrapped: [String] = []

    /// Where kernels have many kinds of names: /boot, and the directories that boards and boot loaders mount below it.
    private static let places =
        ["boot", "boot/firmware", "boot/efi", "efi", "", "usr/boot", "usr/lib/ostree-boot", "boot/flatcar"]
        // Talos keeps two systems.
        + ["boot/A", "boot/B"]
        + LiveMedium.kernelPlaces
    /// Directories of systems on EFI partitions, whose kernels may have plain names.
    private static let systemPlaces = ["boot/EFI", "boot/efi/EFI", "efi/EFI"]
    /// Where kernel-install(8) makes `TOKEN/RELEASE/linux`.
    private static let entryPlaces = ["boot", "boot/efi", "efi"]
    /// Directories in which systems and boot loaders keep their own (ostree, EFI stubs): only names with the release count there.
    private static let parents = ["boot", "boot/ostree"] + systemPlaces
    /// Where clr-boot-manager looks.
    private static let vendorPlaces = ["usr/lib/kernel", "usr/lib64/kernel"]
    /// Where a kernel is that was built but not installed.
    private static let builtPlaces = ["arch/x86/boot", "arch/x86_64/boot", "arch/arm64/boot"]
    private static let unifiedPlaces = [
        "boot/EFI/Linux", "boot/efi/EFI/Linux", "efi/EFI/Linux", "usr/lib/linux/efi",
    ]

    private let root: RootDirectory
    private let nix: NixSystem
    private let entries: BootEntries

    init(root path: String) {
        root = RootDirectory(path: path)
        nix = NixSystem(root)
        entries = BootEntries(root)
        let found = moduleDirectories()
        var taken: Set<String> = []
        var files: [String: KernelFile] = [:]
        var placeholders: Set<String> = []
        /// Whether the file belongs to this release, as far as it shows.
        func isOf(_ release: KernelRelease, _ candidate: Place) -> Bool {
            let file = files[candidate.path] ?? KernelFile(ofFile: candidate.path)
            files[candidate.path] = file
            if let what = file.placeholder { placeholders.insert("\(candidate.place) is \(what)") }
            return file.placeholder == nil && !file.isUnified
                && (file.release.map { $0 == release.text } ?? true)
        }
        var missing: [(release: KernelRelease, modules: String)] = []
        for (release, modules) in found {
            // Exact names first; a name that fits several kernels only as a last resort.
            guard
                let place = candidates(for: release, in: modules, exactly: true).first(where: {
                    isOf(release, $0)
                })
            else {
                missing.append((release, modules))
                continue
            }
            taken.insert(place.path)
            kernels.append(Kernel(release: release, path: place.path, place: place.place, modules: modules))
        }
        for (release, modules) in missing.reversed() {
            let place = candidates(for: release, in: modules, exactly: false).first {
                !taken.contains($0.path) && isOf(release, $0)
            }
            guard let place else {
                withoutKernel.append(release)
                continue
            }
            taken.insert(place.path)
            kernels.append(Kernel(release: release, path: place.path, place: place.place, modules: modules))
        }
        if found.isEmpty { addKernelsWithoutModules(&taken) }
        kernels.sort { Self.isLess(wanted: $0.release, than: $1.release) }
        let others = kernelNames().filter { !taken.contains($0.path) && !isCopy($0.place) }
        for (place, path) in others {
            if let what = KernelFile(ofFile: path).placeholder {
                placeholders.insert("\(place) is \(what)")
            } else {
                withoutModules.append(place)
            }
        }
        self.placeholders = placeholders.sorted()
        unified = Self.unifiedPlaces.flatMap { place in
            root.names(in: place).filter { $0.contains(".efi") }.sorted().map { "\(place)/\($0)" }
        }
        wrapped = root.names(in: "boot").filter { name in
            ["uImage", "fitImage"].contains(where: name.hasPrefix)
                || [".itb", ".fit"].contains(where: name.hasSuffix)
        }.sorted().map { "boot/\($0)" }
    }

    private static func isLess(wanted one: KernelRelease, than other: KernelRelease) -> Bool {
        one.purpose != other.purpose ? one.purpose > other.purpose : one < other
    }

    /// Releases that have modules, oldest first; checks both /lib/modules and /usr/lib/modules where those differ.
    private mutating func moduleDirectories() -> [(release: KernelRelease, modules: String)] {
        var found: [KernelRelease: String] = [:]
        for base in ["lib/modules", "usr/lib/modules"] + nix.moduleDirectories {
            for name in root.names(in: base) where !name.hasPrefix(".") {
                let (release, modules) = (KernelRelease(name), "\(base)/\(name)")
                guard found[release] == nil, !withoutIndex.contains(release) else { continue }
                switch index(of: modules) {
                case .whole: found[release] = modules
                case .missing: withoutIndex.append(release)
                case .none: break
                }
            }
        }
        return found.map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 }
    }

    private enum Index { case whole, missing, none }

    /// Whether modules can be loaded from a directory. An empty one is fine: then everything is built in.
    private func index(of modules: String) -> Index {
        if let list = root.place(of: "\(modules)/modules.dep"), let file = FileHandle(forReadingAtPath: list),
            let text = try? file.read(upToCount: 1), !text.isEmpty
        {
            return .whole
        }
        guard let path = root.place(of: modules) else { return .none }
        var hasModule = false
        DirectoryListing.walk(path) { entry in
            hasModule = hasModule || entry.path.contains(".ko") && entry.kind != S_IFDIR
            return !hasModule
        }
        if hasModule { return .missing }
        return root.contains("\(modules)/modules.builtin") || root.contains("\(modules)/modules.dep")
            ? .whole : .none
    }

    private typealias Place = (place: String, path: String)

    /// Directories in which a kernel need not have its release in its name.
    private var plainPlaces: [String] {
        Self.places
            + Self.systemPlaces.flatMap { place in root.names(in: place).sorted().map { "\(place)/\($0)" } }
    }

    /// Files that may be this release's kernel, most certain first.
    ///
    /// - Parameter exactly: only files with the release in their name, or beside its modules.
    private func candidates(for release: KernelRelease, in modules: String, exactly: Bool) -> [Place] {
        var found: [(rank: KernelName.Fit, place: String)] = []
        for directory in [modules] + plainPlaces {
            for name in root.names(in: directory) {
                guard let name = KernelName(name) else { continue }
                var fit = name.fit(to: release)
                if directory == modules, fit != nil || name.isPlain { fit = .beside(name.order) }
                guard let fit, fit.isExact == exactly else { continue }
                found.append((fit, directory.isEmpty ? name.text : "\(directory)/\(name.text)"))
            }
        }
        if exactly {
            found += remoteCandidates(for: release, in: modules)
        } else {
            found += entries.otherKernels().map { (.plain(KernelName.last), $0) }
        }
        return found.sorted { ($0.rank, $0.place) < ($1.rank, $1.place) }.compactMap { file($0.place) }
    }

    /// Files deeper down with the release in their path.
    private func remoteCandidates(for release: KernelRelease, in modules: String)
        -> [(rank: KernelName.Fit, place: String)]
    {
        var found: [(rank: KernelName.Fit, place: String)] = []
        for place in Self.entryPlaces {
            for token in root.names(in: place) {
                // openSUSE adds a checksum to the name.
                let directory = "\(place)/\(token)/\(release)"
                for name in root.names(in: directory) where KernelName(name) != nil {
                    found.append((.beside(9), "\(directory)/\(name)"))
                }
            }
        }
        found += (entries.kernels(of: release) + nix.kernels(of: modules)).map { (.beside(9), $0) }
        let parents = Self.parents.flatMap { parent in root.names(in: parent).map { "\(parent)/\($0)" } }
        for directory in parents + ["\(modules)/boot", "\(modules)/apk-dist/boot"] {
            for name in root.names(in: directory).compactMap(KernelName.init) {
                if let fit = name.fit(to: release), fit.isExact {
                    found.append((fit, "\(directory)/\(name.text)"))
                }
            }
        }
        for source in ["\(modules)/build", "\(modules)/source", "usr/src/linux-\(release)"] {
            for directory in Self.builtPlaces.map({ "\(source)/\($0)" }) {
                for name in root.names(in: directory).compactMap(KernelName.init) where name.isPlain {
                    found.append((.beside(10 + name.order), "\(directory)/\(name.text)"))
                }
            }
        }
        for place in Self.vendorPlaces {
            for name in root.names(in: place) where KernelName.isVendors(name, of: release) {
                found.append((.contained(0), "\(place)/\(name)"))
            }
        }
        return found
    }

    /// Whether a file is named like a kernel that was found elsewhere.
    private func isCopy(_ place: String) -> Bool {
        guard let last = place.split(separator: "/").last, let name = KernelName(String(last)) else {
            return false
        }
        return kernels.contains { name.fit(to: $0.release)?.isExact == true }
    }

    /// Nil for anything that is not a file with something in it.
    private func file(_ place: String) -> Place? {
        guard let path = root.place(of: place), let status = FileStatus(path), status.isFile,
            status.byteCount > 0
        else { return nil }
        return (place, path)
    }

    /// All files with a kernel's name in a kernel's place.
    private func kernelNames() -> [Place] {
        plainPlaces.flatMap { directory in
            root.names(in: directory).sorted().filter { KernelName($0) != nil }.compactMap {
                file(directory.isEmpty ? $0 : "\(directory)/\($0)")
            }
        }
    }

    /// Without a modules directory, the release comes from the kernel file, or from its name.
    private mutating func addKernelsWithoutModules(_ taken: inout Set<String>) {
        for (place, path) in kernelNames() where !taken.contains(path) {
            let (file, name) = (
                KernelFile(ofFile: path), KernelName(place.split(separator: "/").last.map(String.init) ?? "")
            )
            guard file.placeholder == nil, !file.isUnified, let release = file.release ?? name?.release,
                withoutIndex.isEmpty,
                root.contains("boot/config-\(release)") || root.contains("boot/config")
            else { continue }
            taken.insert(path)
            kernels.append(
                Kernel(
                    release: KernelRelease(release), path: path, place: place,
                    modules: "lib/modules/\(release)"))
        }
    }
}

/// The name of a file that may be a kernel.
struct KernelName {
    /// How well a name fits a release, most certain first.
    enum Fit: Comparable {
        /// In the modules' own directory, or in a boot loader's directory for that release.
        case named(Int), beside(Int), contained(Int)
        /// A name that kernels of other releases may share: only a flavour, or no more than «kernel».
        case flavour(Int), plain(Int)

        var isExact: Bool {
            switch self {
            case .named, .beside, .contained: true
            case .flavour, .plain: false
            }
        }
    }

    let text: String
    /// What follows the word for a kernel, without file extensions.
    private let rest: String
    /// Rank of the word for a kernel: an uncompressed one for debuggers comes last.
    let order: Int

    /// A rank behind all of these.
    static let last = words.count
    private static let words = ["vmlinuz", "bzImage", "Image", "kernel", "linux", "zImage", "vmlinux"]
    private static let ends = [".efi", ".gz", ".xz", ".zst", ".lz4", ".bz2", ".img", ".bin", ".signed"]
    /// Files beside a kernel, or copies of another one.
    private static let others = [
        ".old", ".bak", ".hmac", ".sig", ".sig2", ".config", ".map", ".dtb", ".conf", ".txt", ".d", "~",
        ".dpkg-new", ".dpkg-old", ".dpkg-tmp", ".rpmnew", ".rpmsave", ".pacnew", ".pacsave",
    ]

    /// Nil for anything that is not a kernel.
    init?(_ text: String) {
        guard let order = Self.words.firstIndex(where: { text.hasPrefix($0) }),
            !Self.others.contains(where: { text.hasSuffix($0) }), !text.contains("rescue")
        else { return nil }
        var rest = text.dropFirst(Self.words[order].count)
        while let end = Self.ends.first(where: { rest.hasSuffix($0) }) { rest = rest.dropLast(end.count) }
        // «kernels» is another word; «kernel8» and «kernel_2712» belong to boards.
        guard rest.isEmpty || "-_.0123456789".contains(rest.first ?? "x") else { return nil }
        self.text = text
        self.order = order
        self.rest = String(rest.drop { "-_.".contains($0) })
    }

    /// Whether it says only that it is a kernel; Arch's «vmlinuz-linux» says no more either.
    /// Flatcar has two, «a» and «b».
    var isPlain: Bool { ["", "linux", "a", "b"].contains(rest) }
    /// Nil when the name does not begin with a number, as releases do.
    var release: String? { rest.first?.isNumber == true && rest.contains(".") ? rest : nil }

    /// Clear Linux and Solus put vendor and kind first: `org.clearlinux.native.6.12.1-1500` is the kernel 6.12.1-1500.native.
    static func isVendors(_ text: String, of release: KernelRelease) -> Bool {
        guard let dot = release.text.lastIndex(of: ".") else { return false }
        return text.hasSuffix("\(release.text[dot...]).\(release.text[..<dot])")
    }

    /// Manjaro's `vmlinuz-6.6-x86_64`: the series, followed by the architecture.
    private var series: Substring? {
        for architecture in ["-x86_64", "-aarch64"] where rest.hasSuffix(architecture) {
            let series = rest.dropLast(architecture.count)
            if series.contains("."), series.allSatisfy({ $0.isNumber || $0 == "." }) { return series }
        }
        return nil
    }

    /// Nil when it belongs to another release.
    func fit(to release: KernelRelease) -> Fit? {
        if rest == release.text { return .named(order) }
        if isPlain { return .plain(order) }
        // vmlinuz-generic-5.15.19; what follows may be a checksum.
        let parts = rest.split(separator: release.text, maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2, parts[0].isEmpty || "-_.".contains(parts[0].last ?? "x"),
            parts[1].isEmpty || parts[1].count > 32 && parts[1].dropFirst().allSatisfy(\.isHexDigit)
        {
            return .contained(order)
        }
        if let series { return release.text.hasPrefix("\(series).") ? .flavour(order) : nil }
        // Yocto's kernels with an initramfs inside, which ours replaces: only when there is no other.
        if rest.hasPrefix("initramfs") { return .plain(Self.last + 1) }
        let flavour = rest.hasPrefix("linux-") ? String(rest.dropFirst("linux-".count)) : rest
        let words = release.text.split { "-_.+".contains($0) }.dropFirst()
        // The Raspberry Pi's kernel8.img belongs to …-v8; a single digit is part of any release.
        // rt-lts has two of them.
        let isPart = flavour.contains("-") && "-\(release.text)-".contains("-\(flavour)-")
        let isFlavour =
            isPart && flavour.first?.isNumber == false
            || words.contains { flavour.count > 1 && $0 == flavour || $0 == "v\(flavour)" }
        return isFlavour ? .flavour(order) : nil
    }
}
