# shellcheck shell=sh
# What people read here, in the node's language (setting locale): word KEY [VALUE].
word() {
    locale=${LANG:-}
    [ -n "$locale" ] || locale=$(sed -n 's/^LANG=//p' /etc/default/locale 2>/dev/null | tr -d '"')
    case ${locale%%[_.]*}:$1 in
        fr:name) text="Saisissez un nom d’utilisateur de ce site." ;;
        es:name) text="Escriba un nombre de usuario de este sitio." ;;
        pt:name) text="Escreva um nome de utilizador deste local." ;;
        el:name) text="Πληκτρολογήστε ένα όνομα χρήστη αυτής της τοποθεσίας." ;;
        *:name) text="Type a user name of this site." ;;
        fr:password) text="Saisissez votre mot de passe." ;;
        es:password) text="Escriba su contraseña." ;;
        pt:password) text="Escreva a sua palavra-passe." ;;
        el:password) text="Πληκτρολογήστε τον κωδικό πρόσβασής σας." ;;
        *:password) text="Type your password." ;;
        fr:refused) text="Le nom ou le mot de passe n’a pas été accepté, ou la session a été terminée." ;;
        es:refused) text="No se ha aceptado el nombre o la contraseña, o se ha cerrado la sesión." ;;
        pt:refused) text="O nome ou a palavra-passe não foi aceite, ou a sessão foi terminada." ;;
        el:refused) text="Το όνομα ή ο κωδικός πρόσβασης δεν έγινε δεκτός, ή η συνεδρία τερματίστηκε." ;;
        *:refused) text="The name or the password was not accepted, or the session was ended." ;;
        fr:locked) text="Ce compte est verrouillé : prévenez votre administrateur." ;;
        es:locked) text="Esta cuenta está bloqueada: avise a su administrador." ;;
        pt:locked) text="Esta conta está bloqueada: avise o seu administrador." ;;
        el:locked) text="Αυτός ο λογαριασμός είναι κλειδωμένος: ενημερώστε τον διαχειριστή σας." ;;
        *:locked) text="This account is locked: tell the administrators." ;;
        fr:expired) text="Ce mot de passe a expiré : changez-le sur un ordinateur Windows, ou prévenez votre administrateur." ;;
        es:expired) text="Esta contraseña ha caducado: cámbiela en un equipo con Windows o avise a su administrador." ;;
        pt:expired) text="Esta palavra-passe expirou: altere-a num computador com Windows ou avise o seu administrador." ;;
        el:expired) text="Ο κωδικός πρόσβασης έληξε: αλλάξτε τον σε υπολογιστή με Windows ή ενημερώστε τον διαχειριστή σας." ;;
        *:expired) text="This password has expired: change it at a Windows computer, or tell the administrators." ;;
        fr:unreached) text="Le serveur de la session (%s) est injoignable. Reconnectez-vous." ;;
        es:unreached) text="No se ha podido contactar con el servidor de la sesión (%s). Inicie sesión de nuevo." ;;
        pt:unreached) text="Não foi possível contactar o servidor da sessão (%s). Inicie sessão de novo." ;;
        el:unreached) text="Ο διακομιστής της συνεδρίας (%s) δεν ήταν προσβάσιμος. Συνδεθείτε ξανά." ;;
        *:unreached) text="The session's server (%s) could not be reached. Log in again." ;;
        fr:lost) text="La connexion au serveur (%s) a été perdue. Votre session vous attend peut-être : reconnectez-vous." ;;
        es:lost) text="Se ha perdido la conexión con el servidor (%s). Quizá su sesión siga ahí: inicie sesión de nuevo." ;;
        pt:lost) text="A ligação ao servidor (%s) perdeu-se. A sua sessão pode continuar lá: inicie sessão de novo." ;;
        el:lost) text="Η σύνδεση με τον διακομιστή (%s) χάθηκε. Η συνεδρία σας ίσως υπάρχει ακόμη: συνδεθείτε ξανά." ;;
        *:lost) text="The connection to the server (%s) was lost. Your session may still be there: log in again." ;;
        fr:untrusted) text="Le serveur (%s) n’est pas celui que ce réseau connaît : rien ne lui a été envoyé. Prévenez votre administrateur." ;;
        es:untrusted) text="El servidor (%s) no es el que conoce esta red: no se le ha enviado nada. Avise a su administrador." ;;
        pt:untrusted) text="O servidor (%s) não é o que esta rede conhece: nada lhe foi enviado. Avise o seu administrador." ;;
        el:untrusted) text="Ο διακομιστής (%s) δεν είναι αυτός που γνωρίζει το δίκτυο: δεν του στάλθηκε τίποτα. Ενημερώστε τον διαχειριστή σας." ;;
        *:untrusted) text="The server (%s) is not the one that this network knows: nothing was sent to it. Tell the administrators." ;;
        fr:kind) text="Cette machine n’a pas de programme pour une session de type %s." ;;
        es:kind) text="Esta máquina no tiene programa para una sesión de tipo %s." ;;
        pt:kind) text="Esta máquina não tem programa para uma sessão do tipo %s." ;;
        el:kind) text="Αυτό το μηχάνημα δεν έχει πρόγραμμα για συνεδρία τύπου %s." ;;
        *:kind) text="This machine has no program for a session by %s." ;;
        fr:yes) text="Reprendre ici" ;;
        es:yes) text="Traer aquí" ;;
        pt:yes) text="Trazer para aqui" ;;
        el:yes) text="Μεταφορά εδώ" ;;
        *:yes) text="Bring it here" ;;
        fr:no) text="Annuler" ;;
        es:no | pt:no) text="Cancelar" ;;
        el:no) text="Ακύρωση" ;;
        *:no) text="Cancel" ;;
        *:ok) text="OK" ;;
        *) text=$1 ;;
    esac
    # shellcheck disable=SC2059  # the texts above are the formats
    printf "$text\n" "${2:-}"
}
