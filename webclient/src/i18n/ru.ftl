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

## Список чатов
list-search = Поиск
list-full = На устройстве нет места
list-menu = Главное меню
list-label = Чаты
list-waiting = Ожидание сети...
list-connecting = Соединение...
list-updating = Обновление...
list-empty-title = Пока нет чатов
list-empty-hint = Начните с круглой кнопки внизу.
list-nothing-found = Ничего не найдено
list-new-chat = Новый чат
list-new-private = Новый личный чат
list-new-group = Новая группа
list-join = Войти по адресу
list-invites = Приглашения
list-accept = Вступить
list-decline = Отклонить
list-invited-by = { $name } приглашает вас
list-invited = Вас приглашают
list-draft = Черновик:
list-you = Вы
list-pinned = Закреплён
list-muted = Без звука
list-mentions = Упоминания
list-unread = { $count ->
    [one] { $count } непрочитанное сообщение
    [few] { $count } непрочитанных сообщения
   *[other] { $count } непрочитанных сообщений
  }
folder-all = Все
folder-unread = Новые
folder-private = Личные
folder-groups = Группы
row-mark-read = Отметить прочитанным
row-mark-unread = Отметить непрочитанным
row-pin = Закрепить
row-unpin = Открепить
row-mute = Без звука
row-unmute = Со звуком
row-leave = Покинуть чат
row-leave-confirm = Покинуть «{ $name }»?
row-leave-hint = Вы перестанете получать сообщения из него.

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

## Переписка
chat-back = Назад
chat-menu = Меню чата
chat-empty-name = Пустой чат
chat-choose = Выберите чат, чтобы начать общение
chat-history = Сообщения
chat-announce = { $name }: { $text }
chat-unread = Непрочитанные сообщения
chat-today = Сегодня
chat-yesterday = Вчера
chat-jump = К последнему сообщению
chat-online = в сети
chat-last-seen = в сети { $when }
chat-members = { $count ->
    [one] { $count } участник
    [few] { $count } участника
   *[other] { $count } участников
  }
chat-members-online = { $members }, { $count } в сети
chat-typing = печатает
chat-typing-one = { $name } печатает
chat-typing-two = { $first } и { $second } печатают
chat-typing-many = { $count ->
    [one] печатает { $count } человек
    [few] печатают { $count } человека
   *[other] печатают { $count } человек
  }
chat-empty-title = Сообщений пока нет
chat-empty-hint = Поздоровайтесь.
chat-load-failed = Сообщения не загрузились
message-edited = изменено
message-deleted = Сообщение удалено
message-encrypted = Зашифровано: откройте в другом клиенте
message-missing = Удалённое сообщение
message-sending = Отправляется
message-sent = Отправлено
message-read = Прочитано
message-failed = Не отправлено
message-retry = Отправить ещё раз
message-discard = Удалить
message-reply = Ответить
message-edit = Изменить
message-copy = Копировать текст
message-delete = Удалить
message-copied = Скопировано
message-reaction = { $count ->
    [one] { $key }, { $count } реакция
    [few] { $key }, { $count } реакции
   *[other] { $key }, { $count } реакций
  }

## Поле ввода
composer-placeholder = Сообщение
composer-send = Отправить
composer-save = Сохранить правку
composer-reply-to = Ответ: { $name }
composer-editing = Правка сообщения
composer-cancel = Отмена
composer-encrypted = Чат зашифрован. Открытым текстом отсюда ничего не отправляется: откройте его в другом клиенте.
composer-not-allowed = Вы не можете писать в этой группе.
composer-left = Вы не участник этого чата.
composer-join = Вступить

## Новый чат и группа
new-private-title = Новый личный чат
new-group-title = Новая группа
new-join-title = Войти по адресу
new-address = @имя:сервер
new-address-hint = Полный адрес человека, например @ann:example.org
new-address-invalid = Напишите адрес так: @имя:сервер.
new-address-self = Это ваш собственный адрес.
new-room-address = #группа:сервер
new-room-invalid = Напишите адрес так: #группа:сервер или !id:сервер.
new-group-name = Название группы
new-group-people = Люди
new-create = Создать
new-start = Начать чат
new-join = Вступить
new-cancel = Отмена
new-checking = Ищем профиль...
new-found = Профиль найден
new-not-found = Профиля по этому адресу нет. Можно всё же попробовать написать.

## О группе
info-title = О группе
info-title-person = Информация
info-close = Закрыть
info-address = Адрес
info-id = Id группы
info-members = Участники
info-topic = Описание
info-notifications = Уведомления
info-leave = Покинуть группу
info-edit = Изменить
info-edit-name = Название группы
info-save = Сохранить
info-invite = Пригласить
info-invite-title = Приглашение в группу
info-remove = Исключить из группы
info-remove-confirm = Исключить { $name } из группы?
info-ban = Заблокировать
info-ban-confirm = Заблокировать { $name }?
info-message = Написать
info-role-owner = Владелец
info-role-admin = Администратор
info-role-moderator = Модератор
info-role-invited = Приглашение отправлено
info-encrypted = Зашифрован
info-resize = Ширина списка чатов
