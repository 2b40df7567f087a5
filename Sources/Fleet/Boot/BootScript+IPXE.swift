package import Wire

extension BootScript {
    /// An iPXE script (https://ipxe.org/scripting).
    ///
    /// A failed download is tried again, with a pause that spares the server; the script never ends at a prompt.
    ///
    /// - Parameter memory: shown on the screen of a machine with nothing to boot; when nil, the script asks the machine first.
    package static func ipxe(_ plan: BootPlan, memory: MachineMemory? = nil) -> LoaderScript {
        let base = base(plan.policy)
        // Requested again, because the version may have been removed meanwhile.
        let again: LoaderScript = "\(base)/\(scriptPath(of: plan.macAddress))"
        guard case .image(let version, let archive) = plan.target else {
            let again: LoaderScript = "\(again)?memory=\(MachineMemory.question)"
            guard let memory else { return "#!ipxe\nchain --replace \(again) || reboot\n" }
            let lines = LoaderScript(lines: screenLines(plan, memory).map { "echo \($0)" })
            if case .waiting(_, let asksForPIN) = plan.target {
                return waiting(plan, lines, again: again, asksForPIN: asksForPIN)
            }
            return """
                #!ipxe
                \(lines)
                echo Asking again in \(retrySeconds(plan)) seconds.
                sleep \(retrySeconds(plan))
                chain --replace \(again) || reboot

                """
        }
        let (kernel, modules, node) = (
            path(version.digest, "kernel"), path(version.digest, "modules.cpio"),
            path(archive.digest, "node.cpio")
        )
        // UEFI kernels find an initrd only by its name on the command line; BIOS kernels ignore these words.
        let words = KernelWords(["initrd=modules.cpio", "initrd=node.cpio"] + plan.commandLine)
        return """
            #!ipxe
            echo Roost: \(plan.name) boots \(version.image)@\(version.number)
            imgfree
            kernel --name kernel \(base)/\(kernel) \(words) || goto failed
            initrd --name modules.cpio \(base)/\(modules) || goto failed
            initrd --name node.cpio \(base)/\(node) || goto failed
            boot || goto failed
            :failed
            echo Roost: loading failed, trying again in \(retrySeconds) seconds.
            sleep \(retrySeconds)
            chain --replace \(again) || reboot

            """
    }

    /// The screen of a machine that waits for approval, where a person can enter its name.
    private static func waiting(
        _ plan: BootPlan, _ lines: LoaderScript, again: LoaderScript, asksForPIN: Bool
    ) -> LoaderScript {
        let register: LoaderScript = "\(base(plan.policy))/\(directory(of: plan.macAddress))/register"
        let readPIN: LoaderScript =
            asksForPIN
            ? "echo PIN (nothing: an administrator approves it on the page):\nread pin ||" : "clear pin ||"
        return """
            #!ipxe
            \(lines)
            prompt --key n --timeout \(retrySeconds * 1_000) Asking again every \(retrySeconds) seconds. Press n to name it here. || goto again
            echo Name, then Enter (nothing: back):
            read name || goto again
            isset ${name} || goto again
            echo Group, such as /school (nothing: /):
            read group ||
            \(readPIN)
            chain --replace \(register)?name=${name:uristring}&group=${group:uristring}&pin=${pin:uristring} || goto again
            :again
            chain --replace \(again) || reboot

            """
    }

    /// The screen after a person has named the machine, before it asks again.
    ///
    package static func ipxe(registered text: ScreenText, machine: MACAddress, under policy: BootPolicy)
        -> LoaderScript
    {
        """
        #!ipxe
        echo Roost: \(text)
        clear name ||
        clear pin ||
        sleep 3
        chain --replace \(base(policy))/\(scriptPath(of: machine)) || reboot

        """
    }
}
