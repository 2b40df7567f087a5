extension BootScript {
    /// An iPXE script (https://ipxe.org/scripting).
    ///
    /// A failed download is tried again, with a pause that leaves the server room; it never ends at a prompt.
    package static func ipxe(_ plan: BootPlan) -> String {
        let base = plan.policy.httpBase
        // Asked for anew, because the version may have gone in the meantime.
        let again = "\(base)/\(scriptPath(of: plan.macAddress))"
        guard case .image(let version, let archive) = plan.target else {
            return """
                #!ipxe
                \(screenLines(plan).map { "echo \($0)" }.joined(separator: "\n"))
                echo Memory: ${memsize} MiB
                echo Asking again in \(retrySeconds) seconds.
                sleep \(retrySeconds)
                chain --replace \(again) || reboot

                """
        }
        let (kernel, modules, node) = (
            path(version.digest, "kernel"), path(version.digest, "modules.cpio"),
            path(archive.digest, "node.cpio")
        )
        // UEFI kernels find an initrd only by its name on the command line; BIOS kernels ignore the words.
        let words = ["initrd=modules.cpio", "initrd=node.cpio"] + plan.commandLine
        return """
            #!ipxe
            echo Roost: \(plan.name) boots \(version.image)@\(version.number)
            imgfree
            kernel --name kernel \(base)/\(kernel) \(words.joined(separator: " ")) || goto failed
            initrd --name modules.cpio \(base)/\(modules) || goto failed
            initrd --name node.cpio \(base)/\(node) || goto failed
            boot || goto failed
            :failed
            echo Roost: loading failed, trying again in \(retrySeconds) seconds.
            sleep \(retrySeconds)
            chain --replace \(again) || reboot

            """
    }
}
