# shellcheck shell=sh
# What people read here, in the node's language (setting locale): word KEY [VALUE].
word() {
    locale=${LANG:-}
    [ -n "$locale" ] || locale=$(sed -n 's/^LANG=//p' /etc/default/locale 2>/dev/null | tr -d '"')
    case ${locale%%[_.]*}:$1 in
        fr:name) text="Tapez un nom d’utilisateur de ce site." ;;
        es:name) text="Escriba un nombre de usuario de este sitio." ;;
        pt:name) text="Escreva um nome de utilizador deste sítio." ;;
        el:name) text="Πληκτρολογήστε ένα όνομα χρήστη αυτού του χώρου." ;;
        *:name) text="Type a user name of this site." ;;
        fr:password) text="Tapez votre mot de passe." ;;
        es:password) text="Escriba su contraseña." ;;
        pt:password) text="Escreva a sua palavra-passe." ;;
        el:password) text="Πληκτρολογήστε τον κωδικό σας." ;;
        *:password) text="Type your password." ;;
        fr:refused) text="Le nom ou le mot de passe n’a pas été accepté, ou la session a été fermée." ;;
        es:refused) text="No se aceptó el nombre o la contraseña, o se cerró la sesión." ;;
        pt:refused) text="O nome ou a palavra-passe não foi aceite, ou a sessão foi fechada." ;;
        el:refused) text="Το όνομα ή ο κωδικός δεν έγινε δεκτός ή η συνεδρία έκλεισε." ;;
        *:refused) text="The name or the password was not accepted, or the session was ended." ;;
        fr:locked) text="Ce compte est verrouillé : prévenez l’administration." ;;
        es:locked) text="Esta cuenta está bloqueada: avise a la administración." ;;
        pt:locked) text="Esta conta está bloqueada: avise a administração." ;;
        el:locked) text="Αυτός ο λογαριασμός είναι κλειδωμένος: ενημερώστε τη διαχείριση." ;;
        *:locked) text="This account is locked: tell the administrators." ;;
        fr:expired) text="Ce mot de passe a expiré : changez-le sur un ordinateur Windows, ou prévenez l’administration." ;;
        es:expired) text="Esta contraseña ha caducado: cámbiela en un equipo con Windows o avise a la administración." ;;
        pt:expired) text="Esta palavra-passe expirou: altere-a num computador com Windows ou avise a administração." ;;
        el:expired) text="Ο κωδικός έληξε: αλλάξτε τον σε υπολογιστή με Windows ή ενημερώστε τη διαχείριση." ;;
        *:expired) text="This password has expired: change it at a Windows computer, or tell the administrators." ;;
        fr:unreached) text="Le serveur de la session (%s) n’a pas pu être atteint. Reconnectez-vous." ;;
        es:unreached) text="No se pudo llegar al servidor de la sesión (%s). Inicie sesión de nuevo." ;;
        pt:unreached) text="Não foi possível chegar ao servidor da sessão (%s). Inicie sessão de novo." ;;
        el:unreached) text="Ο διακομιστής της συνεδρίας (%s) δεν ήταν προσβάσιμος. Συνδεθείτε ξανά." ;;
        *:unreached) text="The session's server (%s) could not be reached. Log in again." ;;
        fr:lost) text="La connexion au serveur (%s) est coupée. Votre session vous attend peut-être : reconnectez-vous." ;;
        es:lost) text="Se perdió la conexión con el servidor (%s). Quizá su sesión siga ahí: inicie sesión de nuevo." ;;
        pt:lost) text="A ligação ao servidor (%s) perdeu-se. A sua sessão pode continuar lá: inicie sessão de novo." ;;
        el:lost) text="Η σύνδεση με τον διακομιστή (%s) χάθηκε. Η συνεδρία σας ίσως υπάρχει ακόμη: συνδεθείτε ξανά." ;;
        *:lost) text="The connection to the server (%s) was lost. Your session may still be there: log in again." ;;
        fr:untrusted) text="Le serveur (%s) n’est pas celui que ce réseau connaît : rien ne lui a été envoyé. Prévenez l’administration." ;;
        es:untrusted) text="El servidor (%s) no es el que conoce esta red: no se le envió nada. Avise a la administración." ;;
        pt:untrusted) text="O servidor (%s) não é o que esta rede conhece: nada lhe foi enviado. Avise a administração." ;;
        el:untrusted) text="Ο διακομιστής (%s) δεν είναι αυτός που γνωρίζει το δίκτυο: δεν του στάλθηκε τίποτα. Ενημερώστε τη διαχείριση." ;;
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
        el:no) text="Άκυρο" ;;
        *:no) text="Cancel" ;;
        *:ok) text="OK" ;;
        *) text=$1 ;;
    esac
    # shellcheck disable=SC2059  # the texts above are the formats
    printf "$text\n" "${2:-}"
}
