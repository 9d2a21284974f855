### Тексты клиента на русском языке. Набор ключей тот же, что в en.ftl.

app-name = Hearth

## Вход и регистрация
auth-sign-in-title = Вход на { $server }
auth-sign-in-hint = Ваше имя или полный адрес, если учётная запись на другом сервере.
auth-expired = Сеанс закончился. Войдите снова.
auth-no-password = Этот сервер не принимает пароли.
auth-sign-up-title = Новая учётная запись
auth-sign-up-hint = Придумайте имя и пароль. Ваш адрес: { $address }.
auth-name = Имя
auth-name-or-address = Имя, @имя:сервер или почта
auth-password = Пароль
auth-server = Сервер
auth-server-own = Сервер: { $server }
auth-token = Код приглашения
auth-token-hint = На этот сервер пускают по коду приглашения.
auth-token-wrong = Этот код не подходит.
auth-sign-in = Войти
auth-sign-up = Зарегистрироваться
auth-to-sign-up = Создать учётную запись
auth-to-sign-in = У меня есть учётная запись
auth-by-phone = Войти по номеру телефона
auth-by-name = Войти по имени и паролю
auth-sso = Войти через другой сервис
auth-sso-with = Продолжить с { $name }
auth-sso-failed = Этот вход уже завершён или начат не здесь. Попробуйте ещё раз.
auth-change-server = Сменить сервер
auth-show-password = Показать пароль
auth-hide-password = Скрыть пароль
auth-caps-lock = Включён Caps Lock
auth-strength-weak = Слабый пароль
auth-strength-fair = Средний пароль
auth-strength-good = Хороший пароль
auth-strength-strong = Надёжный пароль
auth-name-taken = Это имя занято. Попробуйте другое.
auth-name-invalid = В имени допустимы строчные латинские буквы, цифры и знаки . _ = - / +
auth-password-short = Нужно не меньше 8 знаков.
auth-name-free = Имя свободно

## Ошибки
error-forbidden = Неверное имя или пароль.
error-forbidden-action = У вас нет на это прав.
error-user-deactivated = Эта учётная запись закрыта.
error-limit = Слишком много попыток. Подождите немного и повторите.
error-network = Сервер недоступен. Проверьте связь и повторите.
error-offline = Нет соединения
error-not-a-server = По адресу { $server } нет сервера чатов.
error-user-in-use = Это имя занято. Попробуйте другое.
error-invalid-username = Сервер не принимает это имя.
error-weak-password = Серверу нужен более сложный пароль.
error-registration-closed = Сервер не принимает новые учётные записи.
error-not-found = По этому адресу ничего не найдено.
error-encrypted = Чат зашифрован; этот клиент пока не может в него писать.
error-unknown = Что-то пошло не так. Попробуйте ещё раз.
error-code = Код: { $code }
error-screen-title = Эта часть страницы перестала работать
error-retry = Повторить
part-missing = Эту часть не удаётся загрузить. Пробуем ещё раз...
part-old = Вышла новая версия
part-reload = Обновить
part-not-now = Позже

## Главное меню
menu-night = Ночной режим
menu-theme-auto = Как в системе
menu-appearance = Оформление
menu-sign-out = Выйти
menu-sign-out-confirm = Выйти из { $address }?

## Подписи и служебные строки
preview-image = Фото
preview-video = Видео
preview-audio = Аудио
preview-voice = Голосовое сообщение
preview-file = Файл
preview-sticker = Стикер
preview-location = Место
preview-encrypted = Зашифрованное сообщение
preview-redacted = Сообщение удалено
preview-poll = Опрос
preview-reaction = { $name }: реакция { $sign } на «{ $text }»
preview-unknown = Сообщение не поддерживается
preview-empty = Сообщений пока нет
service-created = { $actor } создаёт группу
service-joined = { $actor } теперь в чате
service-left = { $actor } покидает чат
service-invited = { $actor } приглашает { $target }
service-inviteRejected = { $actor } отклоняет приглашение
service-inviteWithdrawn = { $actor } отзывает приглашение { $target }
service-kicked = { $actor } исключает { $target }
service-banned = { $actor } блокирует { $target }
service-unbanned = { $actor } разблокирует { $target }
service-knocked = { $actor } просит о вступлении
service-renamedSelf = { $before } теперь зовётся { $value }
service-changedAvatar = { $actor } меняет фото профиля
service-roomNamed = { $actor } даёт группе название «{ $value }»
service-roomNameRemoved = { $actor } убирает название группы
service-topicSet = { $actor } меняет описание на «{ $value }»
service-topicRemoved = { $actor } убирает описание
service-roomAvatar = { $actor } меняет фото группы
service-encryptionOn = { $actor } включает шифрование
service-pinned = { $actor } меняет закреплённые сообщения
service-powersChanged = { $actor } меняет права в группе
service-upgraded = Вместо этой группы создана новая
service-joinRule = { $actor } меняет, кто может вступить
service-crowd-joined = { $names } теперь в чате
service-crowd-left = { $names } покидают чат
service-others = ещё { $count }
service-other = { $actor } меняет настройки группы

## Новый чат и группа
new-cancel = Отмена
