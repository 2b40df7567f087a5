import Foundation

/// Which of a root's kernels its nodes boot, and why; or why none can.
struct KernelChoice {
    let kernel: KernelSearch.Kernel
    let lists: ModuleLists
    /// Shown after the kernel's name; empty when there is no other.
    let reason: String

    /// The newest general-purpose kernel that has what a node needs; among several kinds, the one that suits most machines.
    ///
    /// - Parameter wanted: the requested release.
    init(_ search: KernelSearch, in root: RootDirectory, wanted: String?) throws {
        guard let first = search.kernels.last else { throw search.lack(in: root) }
        let candidates = search.kernels.reversed().filter { $0.release.text == wanted ?? $0.release.text }
        guard !candidates.isEmpty else {
            throw ImageLacks(
                "there is no kernel ‘\(wanted ?? "")’ with modules in the image; there is "
                    + search.kernels.map(\.release.text).joined(separator: ", "))
        }
        var passed: [(kernel: KernelSearch.Kernel, missing: [String])] = []
        for kernel in candidates {
            let lists = ModuleLists(kernel, in: root)
            let missing = lists.missing
            guard missing.isEmpty else {
                passed.append((kernel, missing))
                continue
            }
            (self.kernel, self.lists) = (kernel, lists)
            reason =
                wanted != nil
                ? "as asked for" : Self.reason(for: kernel, among: search.kernels, passed: passed)
            return
        }
        let (lacking, missing) = passed.first ?? (first, [])
        let advice = Distribution(root, architecture: lacking.architecture(in: root))
            .advice(for: .moreModules, release: lacking.release)
        throw ImageLacks(
            "kernel \(lacking.release) has no module \(missing.joined(separator: ", ")), nor is that built in: a node could not "
                + "reach its root (\(advice))")
    }

    private static func reason(
        for kernel: KernelSearch.Kernel, among all: [KernelSearch.Kernel],
        passed: [(kernel: KernelSearch.Kernel, missing: [String])]
    ) -> String {
        guard all.count > 1 else { return "" }
        let newer = all.filter { $0.release > kernel.release && $0.release.purpose != kernel.release.purpose }
        let others =
            passed.map { "\($0.kernel.release) has no module \($0.missing.joined(separator: ", "))" }
            + newer.filter { one in !passed.contains { $0.kernel == one } }.map {
                "\($0.release) is \($0.release.purpose.text)"
            }
        return "the newest of \(all.count)"
            + (others.isEmpty ? "" : " that is for nodes: \(others.joined(separator: "; "))")
    }
}

extension KernelSearch.Kernel {
    /// Debian's name for it.
    func architecture(in root: RootDirectory) -> String {
        ImagePacker.architecture(
            root: root.path, kernelRelease: release.text, kernel: KernelFile(ofFile: path))
    }
}

extension KernelSearch {
    /// Why there is no kernel to boot, and what to do about it.
    func lack(in root: RootDirectory) -> ImageLacks {
        let distribution = Distribution(
            root, architecture: ImagePacker.architecture(root: root.path, kernelRelease: "", kernel: nil))
        if let release = withoutIndex.max() {
            return ImageLacks(
                "the modules of kernel \(release) have no list of their dependencies (modules.dep): run ‘depmod \(release)’ in the "
                    + "root, in a Dockerfile as RUN depmod \(release)")
        }
        if let placeholder = placeholders.first {
            return ImageLacks("\(placeholder), and no kernel: put the kernel itself there")
        }
        if let release = withoutKernel.max() {
            if let image = unified.first {
                return ImageLacks(
                    "kernel \(release) exists only as a unified kernel image (\(image)), which contains an initrd of its own: "
                        + distribution.advice(for: .kernel))
            }
            if let image = wrapped.first {
                return ImageLacks(
                    "kernel \(release) exists only as \(image), which is wrapped for U-Boot: take the kernel out of it (dumpimage, of "
                        + "u-boot-tools), and put it into the root as boot/Image-\(release)")
            }
            return ImageLacks(
                "there are modules of kernel \(release) in the image, and no kernel of that release (looked for in /boot, in the "
                    + "modules' directory, and where boot loaders have it): \(distribution.advice(for: .kernel))"
                    + (LiveMedium.isRoot(root)
                        ? ", or take the one of its live medium (casper/vmlinuz or live/vmlinuz) as boot/vmlinuz-\(release)"
                        : "")
            )
        }
        if let kernel = withoutModules.first {
            return ImageLacks(
                "there is a kernel in the image (\(kernel)), and no modules for it: "
                    + "\(distribution.advice(for: .kernel)); when everything is built in, its modules.builtin or "
                    + "boot/config-RELEASE shows that")
        }
        return ImageLacks(
            "there is no kernel with modules in the image (\(distribution.advice(for: .kernel)))")
    }
}
