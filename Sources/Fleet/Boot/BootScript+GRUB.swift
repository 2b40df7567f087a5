extension BootScript {
    /// A GRUB configuration (GRUB manual, "Writing full configuration files directly").
    ///
    /// Files come by TFTP: Debian's signed network image of GRUB 2.06 has no HTTP module, and none can be loaded under Secure Boot («disk
    /// `http,…' not found»).
    package static func grub(_ plan: BootPlan) -> LoaderScript {
        let serial: LoaderScript = """
            set timeout=0
            if [ "$grub_cpu" != arm64 ]; then
              serial --unit=0 --speed=115200
              terminal_output console serial
            fi

            """
        guard case .image(let version, let archive) = plan.target else {
            // GRUB cannot add: two modules show as «8192 + 8192 MiB». Their count is in the table of type 16 (SMBIOS 3.7 §7.17): asking for
            // a missing one shows an error.
            return """
                \(serial)\(LoaderScript(lines: screenLines(plan).map { "echo '\($0)'" }))
                set count=0
                smbios --type 16 --get-word 13 --set count
                for module in 1 2 3 4 5 6 7 8; do
                  if [ $module -gt $count ]; then break; fi
                  if smbios --type 17 --match $module --get-word 12 --set size; then
                    if [ $size = 32767 ]; then smbios --type 17 --match $module --get-dword 28 --set size; fi
                    if [ $size != 0 -a $size != 65535 ]; then
                      if [ -n "$memory" ]; then set memory="$memory + $size"; else set memory=$size; fi
                    fi
                  fi
                done
                if [ -n "$memory" ]; then echo "Memory: $memory MiB"; fi
                echo 'Asking again in \(retrySeconds(plan)) seconds.'
                sleep \(retrySeconds(plan))
                reboot

                """
        }
        let device: LoaderScript = "(tftp,\(plan.policy.server))"
        return """
            \(serial)echo 'Roost: \(plan.name) boots \(version.image)@\(version.number)'
            if linux \(device)/\(path(version.digest, "kernel")) \(KernelWords(plan.commandLine)); then
              if initrd \(device)/\(path(version.digest, "modules.cpio")) \
            \(device)/\(path(archive.digest, "node.cpio")); then
                boot
              fi
            fi
            echo 'Roost: loading failed, trying again in \(retrySeconds) seconds.'
            sleep \(retrySeconds)
            reboot

            """
    }
}
